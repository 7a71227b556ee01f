//! What the writer does between groups: changes of sessions, and cuts of chains that nobody reads any more.

use rocksdb::WriteBatch;
use verbatim_proto::Timestamp;

use super::{
    change::{self, Outcome, Plan, Seen},
    commit::told,
    engine::Engine,
    format::{ORGANIZATIONS, organization},
    writer::{ChangeJob, Collect, Writer},
};
use crate::store::{AppendError, Change, Changed, Session, SessionKey, StoreError, Usage, What};

impl Writer {
    /// Decides and writes one change of a session.
    pub(super) fn change(&mut self, job: ChangeJob) {
        let ChangeJob { change, answer } = job;
        let admitted = match (self.admit(0), &change.what) {
            // What makes room may use some of what is kept free for it.
            (Err(StoreError::Full), What::Purge | What::Redact { .. }) if !self.must_reopen => Ok(()),
            (admitted, _) => admitted,
        };
        let changed = admitted.map_err(AppendError::NotStored).and_then(|()| self.change_now(&change));
        if let Err(AppendError::Unknown(reason)) = &changed {
            self.fail(reason.clone());
        }
        // A caller that has gone away has no use for the answer.
        let _ = answer.send(changed);
    }

    fn change_now(&mut self, change: &Change) -> Result<Changed, AppendError> {
        let now = self.clock.now();
        let seen = self.slot.with(|engine| seen(engine, change))?;
        let plan = match change::decide(change, seen, now, self.next.chain) {
            Outcome::Answer(answer) => return Ok(*answer),
            Outcome::Write(plan) => plan,
        };
        self.write_plan(change, &plan, now)?;
        let shown = match &change.what {
            What::Fork { into, .. } => SessionKey { session: into.clone(), ..change.session.clone() },
            _ => change.session.clone(),
        };
        match self.slot.with(|engine| engine.session(&shown))? {
            Some(session) => Ok(Changed::Done(session)),
            None if matches!(change.what, What::Forget) => Ok(Changed::NotFound),
            None => Err(StoreError::Damaged("a session that was written is not there".to_owned()).into()),
        }
    }

    fn write_plan(&mut self, change: &Change, plan: &Plan, now: Timestamp) -> Result<(), AppendError> {
        let organization = change.session.organization;
        let mut next = self.next;
        next.chain += plan.new_chains;
        let mut trail = Vec::new();
        for (session, what) in &plan.events {
            trail.push((organization, next.change, told(session, what.clone(), now, &change.subject, change.cause)));
            next.change += 1;
        }
        let batch = self.slot.with(|engine| {
            let mut usage = self.usages.peek(&organization).copied().map_or_else(|| engine.usage(&organization), Ok)?;
            usage.take(plan.went);
            usage.add(plan.came, now);
            let batch = engine.batch_of(plan, &trail, Some((&organization, &usage)), next)?;
            Ok((batch, usage))
        });
        let (batch, usage) = batch?;
        self.slot.with(|engine| engine.commit(batch, "write a session")).map_err(AppendError::Unknown)?;
        (self.next.chain..next.chain).for_each(|chain| self.known.begin(chain));
        self.next = next;
        self.usages.put(organization, usage);
        for replaced in &plan.records {
            self.heads.pop(&replaced.session);
        }
        self.tails.wake(plan.records.iter().map(|replaced| &replaced.session));
        self.feeds.changed(&organization);
        self.mark.set(next, now);
        if plan.unreached.is_some() || plan.redacted.is_some() {
            self.wake_collector();
        }
        Ok(())
    }

    fn wake_collector(&self) {
        // Where it is woken already it will find this as well.
        let _ = self.collector.try_send(());
    }

    /// Cuts entries off a chain that nobody reaches any more, if that is still so.
    pub(super) fn collect(&mut self, collect: Collect) {
        let Collect { chain, left, keep, answer } = collect;
        let organization = left.organization;
        let admitted = match self.admit(0) {
            Err(StoreError::Full) if !self.must_reopen => Ok(()),
            admitted => admitted,
        };
        let cut = admitted.and_then(|()| {
            self.slot.with(|engine| {
                if engine.read_by_others(chain, &left.entries)? != keep {
                    return Ok(None);
                }
                let mut batch = WriteBatch::default();
                let went = engine.put_cut(&mut batch, chain, &left, keep)?;
                let mut usage =
                    self.usages.peek(&organization).copied().map_or_else(|| engine.usage(&organization), Ok)?;
                usage.take(went);
                let key = organization::usage_key(&organization);
                batch.put_cf(engine.family(ORGANIZATIONS)?, key, organization::encode_usage(&usage));
                Ok(Some((batch, usage)))
            })
        });
        let done = match cut {
            Ok(Some((batch, usage))) => self.write_cut(batch, organization, usage).map(|()| true),
            Ok(None) => Ok(false),
            Err(error) => Err(error),
        };
        // The collector looks again where its answer is lost.
        let _ = answer.send(done);
    }

    fn write_cut(
        &mut self,
        batch: WriteBatch,
        organization: verbatim_proto::OrganizationId,
        usage: Usage,
    ) -> Result<(), StoreError> {
        let written = self.slot.with(|engine| engine.commit(batch, "cut a purged chain"));
        match &written {
            Ok(()) => drop(self.usages.put(organization, usage)),
            Err(reason) => self.fail(reason.clone()),
        }
        written
    }
}

/// What is stored of what a change is about.
fn seen(engine: &Engine, change: &Change) -> Result<Seen, StoreError> {
    let session = engine.session(&change.session)?;
    let mut seen = Seen::default();
    match (&change.what, &session) {
        (What::Fork { into, .. }, _) => {
            let into = SessionKey { organization: change.session.organization, session: into.clone() };
            seen.target = engine.session(&into)?;
        }
        (What::Redact { chain, seq, .. }, Some(Session { snapshot, .. })) if snapshot.chain == *chain => {
            seen.is_redacted = engine.is_redacted(&snapshot.lineage, *chain, *seq)?;
        }
        (What::Purge, Some(Session { snapshot, .. })) => seen.shared_bytes = engine.shared_bytes(snapshot)?,
        _ => {}
    }
    Ok(Seen { session, ..seen })
}
