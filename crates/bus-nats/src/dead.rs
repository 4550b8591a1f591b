//! Dead letters, in the stream DEAD. Their ids are its sequences.

use async_trait::async_trait;
use bus::{BusError, DeadLetter, DeadLetterId, DeadLetters, Group, Message};

use crate::{
    NatsBus,
    error::CallError,
    groups::{Broker, GroupToken, Lying, Place},
    streams::DEAD,
    worker::{Job, death, set_death},
};

/// A dead letter with all that is noted about it.
struct Letter {
    letter: DeadLetter,
    job: Job,
}

fn read(lying: Lying) -> Option<Letter> {
    let (reason, died_at) = death(&lying.headers).ok()?;
    let job = Job::read(&lying.headers, None, lying.payload, lying.stored).ok()?;
    let (id, message) = (DeadLetterId(lying.sequence), job.message.clone());
    let letter = DeadLetter { id, message, reason, attempts: job.attempts, died_at };
    Some(Letter { letter, job })
}

/// `None`: it is not there, is another group's, or a later release's.
async fn find(broker: &Broker, place: &Place, id: DeadLetterId) -> Result<Option<Letter>, CallError> {
    let lying = broker.at(DEAD, id.0).await?.filter(|lying| lying.subject == place.dead());
    Ok(lying.and_then(read))
}

/// Gives one back, with its full number of attempts, and then takes it away. When that fails, the same again gives it
/// back no second time.
pub(crate) async fn redeliver(broker: &Broker, place: &Place, id: DeadLetterId) -> Result<(), BusError> {
    let Some(Letter { job, .. }) = find(broker, place, id).await? else {
        return Err(BusError::UnknownDeadLetter);
    };
    if !job.message.is_noop() {
        let job = Job { attempts: 0, life: id.0, ..job };
        let again = format!("again.{}.{}", place.token.as_str(), id.0);
        let subject = place.retry(&job.message.topic);
        broker.store_job(subject, again, job.headers(), job.message.payload).await?;
    }
    Ok(broker.delete(DEAD, id.0).await?)
}

impl NatsBus {
    fn dead_of(&self, group: &Group) -> Result<(Broker, Option<Place>), BusError> {
        let node = self.open_node()?;
        // A name that no group can have has no dead letters.
        Ok((Broker::new(node), Place::new(&node.settings.prefix, group).ok()))
    }
}

#[async_trait]
impl DeadLetters for NatsBus {
    async fn store_dead_letter(
        &self,
        group: &Group,
        message: Message,
        reason: &str,
        attempts: u32,
    ) -> Result<DeadLetterId, BusError> {
        let node = self.open_node()?;
        let place = crate::groups::place(node, group)?;
        let now = node.now();
        let job = Job { message, attempts, life: 0, since: now };
        let mut headers = job.headers();
        set_death(&mut headers, reason, now);
        let stored = node.caller.store(place.dead(), headers, job.message.payload).await?;
        Ok(DeadLetterId(stored.sequence))
    }

    async fn groups_with_dead_letters(&self) -> Result<Vec<Group>, BusError> {
        let broker = Broker::new(self.open_node()?);
        let subjects = broker.subjects(DEAD, &broker.names.all_of("dead")).await?;
        let tokens = subjects.keys().filter_map(|subject| subject.rsplit('.').next());
        let mut groups: Vec<_> = tokens.filter_map(GroupToken::group).collect();
        groups.sort();
        Ok(groups)
    }

    async fn dead_letters(&self, group: &Group, limit: usize) -> Result<Vec<DeadLetter>, BusError> {
        let (broker, Some(place)) = self.dead_of(group)? else { return Ok(Vec::new()) };
        let (mut letters, mut from) = (Vec::new(), 1);
        while letters.len() < limit
            && let Some(lying) = broker.next(DEAD, from, &place.dead()).await?
        {
            from = lying.sequence + 1;
            // What only a later release can read is passed over here, and stays.
            letters.extend(read(lying).map(|found| found.letter));
        }
        Ok(letters)
    }

    async fn dead_letter(&self, group: &Group, id: DeadLetterId) -> Result<Option<DeadLetter>, BusError> {
        let (broker, Some(place)) = self.dead_of(group)? else { return Ok(None) };
        Ok(find(&broker, &place, id).await?.map(|found| found.letter))
    }

    async fn remove_dead_letter(&self, group: &Group, id: DeadLetterId) -> Result<(), BusError> {
        let (broker, Some(place)) = self.dead_of(group)? else { return Ok(()) };
        let lying = broker.at(DEAD, id.0).await?.filter(|lying| lying.subject == place.dead());
        match lying {
            Some(lying) => Ok(broker.delete(DEAD, lying.sequence).await?),
            None => Ok(()),
        }
    }

    async fn remove_dead_letters(&self, group: &Group) -> Result<u64, BusError> {
        let (broker, Some(place)) = self.dead_of(group)? else { return Ok(0) };
        Ok(broker.purge(DEAD, &place.dead()).await?)
    }
}
