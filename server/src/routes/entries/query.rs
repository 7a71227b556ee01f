//! What a listing of entries asks for: the parameters, which of them go together, and what they mean.

use verbatim_proto::{EntriesCursor, EventId, Timestamp, cursor::Listing, names::query};

use crate::{
    routes::{Problem, envelope::Members, request},
    service::{Begin, Bounds},
    store::{Order, SessionKey},
};

/// The parameters of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::routes) struct Query {
    pub(in crate::routes) order: Order,
    /// Entries on a page.
    pub(in crate::routes) limit: u64,
    /// Where the page before left off. It holds the bounds too, so that they are not looked at beside it.
    pub(in crate::routes) cursor: Option<EntriesCursor>,
    pub(in crate::routes) bounds: Bounds,
    /// The one type of entry that is listed.
    pub(in crate::routes) event_type: Option<Box<str>>,
    pub(in crate::routes) members: Members,
}

impl Query {
    /// Reads the query of a page of the session's entries.
    pub(in crate::routes) fn parse(sent: Option<&str>, session: &SessionKey) -> Result<Self, Problem> {
        let order = match request::parameter(sent, query::ORDER)?.as_deref() {
            None | Some("asc") => Order::Ascending,
            Some("desc") => Order::Descending,
            Some(_) => return Err(Problem::invalid("order is asc or desc")),
        };
        let event_type = request::parameter(sent, query::TYPE)?.map(|event_type| event_type.into());
        let bounds = bounds(sent)?;
        if matches!(bounds.begin, Begin::Tail(_)) && (order == Order::Descending || event_type.is_some()) {
            return Err(Problem::invalid(
                "tail gives the last entries of any type, the oldest first; for the last ones of a type, or the newest first, send order=desc and limit in its place",
            ));
        }
        let fields = request::parameter(sent, query::FIELDS)?;
        let mut parsed = Self {
            order,
            limit: request::limit(sent)?,
            cursor: None,
            bounds,
            event_type,
            members: fields.map_or(Ok(Members::ALL), |fields| Members::parse(&fields))?,
        };
        if let Some(text) = request::parameter(sent, query::CURSOR)? {
            let cursor = EntriesCursor::decode(&text, &parsed.listing(session));
            parsed.cursor = Some(cursor.map_err(|error| Problem::invalid(error.to_string()))?);
        }
        Ok(parsed)
    }

    /// What its cursors are bound to.
    pub(in crate::routes) fn listing<'a>(&'a self, session: &'a SessionKey) -> Listing<'a> {
        Listing {
            organization: &session.organization,
            session: &session.session,
            descending: self.order == Order::Descending,
            event_type: self.event_type.as_deref(),
        }
    }
}

/// Reads where a listing begins and ends.
pub(in crate::routes) fn bounds(sent: Option<&str>) -> Result<Bounds, Problem> {
    let number = |name| request::number(sent, name);
    let begins = [
        event_id(sent, query::AFTER)?.map(Begin::After),
        number(query::FROM_SEQ)?.map(Begin::Seq),
        from_boundary(sent)?,
        number(query::TAIL)?.map(Begin::Tail),
    ];
    let mut begins = begins.into_iter().flatten();
    let begin = begins.next().unwrap_or(Begin::Start);
    if begins.next().is_some() {
        return Err(Problem::invalid(
            "after, from_seq, from_boundary and tail each say where to begin; send one of them",
        ));
    }
    if begin == Begin::Tail(0) {
        return Err(Problem::invalid("tail is how many of the last entries to give, from 1"));
    }
    let since = request::parameter(sent, query::SINCE)?.map(|text| text.parse::<Timestamp>()).transpose();
    let since = since.map_err(|error| {
        Problem::invalid(format!("since is out of form: {error}; in a query a plus sign is written %2B"))
    })?;
    Ok(Bounds { begin, since, before: event_id(sent, query::BEFORE)? })
}

fn event_id(sent: Option<&str>, name: &str) -> Result<Option<EventId>, Problem> {
    let id = request::parameter(sent, name)?.map(|text| text.parse()).transpose();
    id.map_err(|error| Problem::invalid(format!("{name} is out of form: {error}")))
}

fn from_boundary(sent: Option<&str>) -> Result<Option<Begin>, Problem> {
    if request::parameter(sent, query::FROM_BOUNDARY)?.as_deref() == Some("last") {
        return Ok(Some(Begin::LastBoundary));
    }
    let number = request::number(sent, query::FROM_BOUNDARY)
        .map_err(|_| Problem::invalid("from_boundary is the number of a boundary, counted from 1, or last"))?;
    Ok(number.map(|number| Begin::Boundary(u32::try_from(number).unwrap_or(u32::MAX))))
}

#[cfg(test)]
mod tests {
    use verbatim_proto::{OrganizationId, SessionId};

    use super::*;

    fn session() -> SessionKey {
        SessionKey { organization: OrganizationId::from_bytes([1; 16]), session: SessionId::new("s").expect("id") }
    }

    fn parse(query: &str) -> Result<Query, Problem> {
        Query::parse(Some(query), &session())
    }

    #[test]
    fn each_parameter_means_what_it_says() {
        let plain = Query::parse(None, &session()).expect("a query");
        let all = Bounds { begin: Begin::Start, since: None, before: None };
        let wanted = Query {
            order: Order::Ascending,
            limit: 500,
            cursor: None,
            bounds: all,
            event_type: None,
            members: Members::ALL,
        };
        assert_eq!(plain, wanted);
        let uuid = |text: &str| text.parse::<EventId>().expect("an id");
        let since = Some(Timestamp::from_micros(0));
        for (query, wanted) in [
            ("order=asc&unknown=1", plain.clone()),
            ("order=desc&limit=2000", Query { order: Order::Descending, limit: 1000, ..plain.clone() }),
            ("type=", Query { event_type: Some("".into()), ..plain.clone() }),
            ("type=a%20b", Query { event_type: Some("a b".into()), ..plain.clone() }),
            ("fields=", Query { members: Members::BARE, ..plain.clone() }),
            ("after=u1", Query { bounds: Bounds { begin: Begin::After(uuid("u1")), ..all }, ..plain.clone() }),
            ("before=~3", Query { bounds: Bounds { before: Some(EventId::Seq(3)), ..all }, ..plain.clone() }),
            ("from_seq=0", Query { bounds: Bounds { begin: Begin::Seq(0), ..all }, ..plain.clone() }),
            ("from_boundary=2", Query { bounds: Bounds { begin: Begin::Boundary(2), ..all }, ..plain.clone() }),
            ("from_boundary=last", Query { bounds: Bounds { begin: Begin::LastBoundary, ..all }, ..plain.clone() }),
            (
                "tail=9&before=u",
                Query { bounds: Bounds { begin: Begin::Tail(9), before: Some(uuid("u")), ..all }, ..plain.clone() },
            ),
            ("since=1970-01-01T01:00:00%2B01:00", Query { bounds: Bounds { since, ..all }, ..plain.clone() }),
        ] {
            assert_eq!(parse(query).expect(query), wanted, "{query}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for query in [
            "order=down",
            "order=asc&order=asc",
            "limit=0",
            "limit=x",
            "after=",
            "after=~x",
            "before=a%20b",
            "from_seq=-1",
            "from_seq=",
            "from_boundary=first",
            "from_boundary=",
            "tail=0",
            "tail=x",
            "since=yesterday",
            "since=1970-01-01T01:00:00+01:00",
            "fields=uuid",
            "cursor=x",
            "after=a&from_seq=1",
            "tail=1&from_boundary=last",
            "tail=1&order=desc",
            "tail=1&type=user",
        ] {
            assert!(parse(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_cursor_is_for_the_order_and_type_it_was_made_with() {
        let cursor = EntriesCursor { chain: 1, rest: 2..3 };
        let made = parse("order=desc&type=user").expect("a query");
        let text = cursor.encode(&made.listing(&session()));
        let again =
            parse(&format!("order=desc&type=user&limit=1&fields=bare&after=gone&cursor={text}")).expect("a query");
        assert_eq!(again.cursor, Some(cursor));
        for other in ["", "order=desc", "order=asc&type=user", "order=desc&type=assistant"] {
            assert!(parse(&format!("{other}&cursor={text}")).is_err(), "{other}");
        }
    }
}
