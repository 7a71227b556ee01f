//! `PUT /v1/session_ingress/session/{session_id}`: each row of its table, and the bounds of what it takes.

mod bounds;
mod conflict;
mod keys;
mod media_type;
mod order;
mod retries;
mod same_content;
mod shapes;
mod too_large;
mod uuids;
