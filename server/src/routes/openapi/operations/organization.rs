//! The organisation as a whole: changes of its sessions, usage, settings, what will go.

use http::StatusCode;
use serde_json::json;
use verbatim_proto::{
    Scope,
    limits::{SESSIONS_PAGE_DEFAULT, SESSIONS_PAGE_MAX},
    names::query,
    organization::{ChangesPage, ExpiringPage, PatchSettings, Settings, Usage},
    schema::GivenTime,
};

use super::{About, Access, Answer, Schemas, Tag, parameters, sessions::body_bound};

pub(super) fn changes(schemas: &mut Schemas) -> About {
    let page = schemas.given::<ChangesPage>();
    about("followChanges", "What happens to the organisation's sessions, as it happens; the audit trail", Scope::Read)
        .says("It begins where Last-Event-ID says, else where cursor does, else at the beginning, or with from=now at what is new.")
        .takes(parameters::of_stream(schemas))
        .takes([parameters::in_query(query::FROM, "Leave out what was before.", &json!({ "const": "now" }))])
        .answers(
            Answer::new(StatusCode::OK, "The changes there were, and then each further one; or, by a long poll, a page as soon as there is one change.")
                .frames(FRAMES, FRAME)
                .json(&page),
        )
}

pub(super) fn usage(schemas: &mut Schemas) -> About {
    about("usage", "How much there is", Scope::Read)
        .answers(Answer::new(StatusCode::OK, "What is kept now, and what came today.").json(&schemas.given::<Usage>()))
}

pub(super) fn settings(schemas: &mut Schemas) -> About {
    about("showSettings", "How long sessions are kept", Scope::Read).answers(set(schemas))
}

pub(super) fn patch_settings(schemas: &mut Schemas) -> About {
    about("patchSettings", "Set how long sessions are kept", Scope::Admin)
        .says("What is left out stays; null means for ever.")
        .body(false, body_bound(), &[("application/json", schemas.sent::<PatchSettings>())])
        .answers(set(schemas))
        .writes()
}

pub(super) fn expiring(schemas: &mut Schemas) -> About {
    let page = schemas.given::<ExpiringPage>();
    about("listExpiring", "What will go by itself, and when", Scope::Read)
        .says("What goes at a time of its own comes first, in order of time; then what goes by retention.")
        .takes([
            parameters::limit(SESSIONS_PAGE_DEFAULT, SESSIONS_PAGE_MAX),
            parameters::cursor(schemas, "The last page's next_cursor."),
            parameters::in_query(
                query::BEFORE,
                "Leave out what goes at this time or later.",
                &schemas.sent::<GivenTime>(),
            ),
        ])
        .answers(Answer::new(StatusCode::OK, "A page; the last has no next_cursor.").json(&page))
}

fn about(id: &'static str, summary: &'static str, scope: Scope) -> About {
    About::new(Tag::Organization, id, summary, Access::Organization(scope))
}

fn set(schemas: &mut Schemas) -> Answer {
    Answer::new(StatusCode::OK, "The settings.").json(&schemas.given::<Settings>())
}

const FRAMES: &str = "Frames of server-sent events: `id:` is the point to resume from, `event:` is `change`, `data:` is one change, as a page has it. A comment line comes in silence.";

const FRAME: &str = "id: AwAA\nevent: change\ndata: {\"type\":\"forked\",\"forked_from\":\"s-1\",\"session_id\":\"s-2\",\"at\":\"2026-01-02T03:04:05.000006Z\",\"subject\":\"agent-7\",\"cause\":\"request\"}\n\n";
