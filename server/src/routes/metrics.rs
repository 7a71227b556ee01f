//! `GET /metrics`: what the server counts of itself, in Prometheus's text format.

use std::sync::Arc;

use http::{HeaderValue, Response, header};
use tokio::task::spawn_blocking;

use super::{Body, Call, Problem};
use crate::store::StoreError;

/// Version 0.0.4 of the format, which every scraper reads.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

pub(super) async fn scrape(call: &Call<'_>) -> Result<Response<Body>, Problem> {
    let (service, exporter) = (Arc::clone(&call.routes.service), Arc::clone(&call.routes.exporter));
    let rendered = spawn_blocking(move || {
        service.show_metrics();
        exporter.render()
    });
    let text = rendered.await.map_err(StoreError::engine("read metrics"))?;
    let mut response = Response::new(Body::whole(text));
    response.headers_mut().insert(header::CONTENT_TYPE, TEXT);
    Ok(response)
}
