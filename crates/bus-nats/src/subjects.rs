//! Subjects and names in NATS. Frozen: nodes of different releases meet there.

use bus::{Bucket, Key, Topic};
use mailbox_event::AccountToken;

/// The subjects and names of one installation.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    prefix: String,
}

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Where a message of this topic is stored: `P.state.<shard>.<account>`, `P.job.<urgency>.<kind>.<account>`.
    pub(crate) fn stored(&self, topic: &Topic) -> String {
        format!("{}.{topic}", self.prefix)
    }

    /// Where the STATE of an account is stored.
    pub(crate) fn state(&self, account: AccountToken) -> String {
        self.stored(&Topic::State(account))
    }

    /// Where no STATE is ever stored.
    pub(crate) fn no_state(&self) -> String {
        format!("{}.state.none", self.prefix)
    }

    /// Every subject that begins with `P.<first>`.
    pub(crate) fn all_of(&self, first: &str) -> String {
        format!("{}.{first}.>", self.prefix)
    }

    /// Where listeners of `key` hear a message of this topic.
    pub(crate) fn live(&self, key: Key, topic: &Topic) -> String {
        let what = match topic {
            Topic::State(_) => STATE,
            Topic::Live(_, kind) => kind.name(),
            Topic::Job(..) => "job",
        };
        format!("{}.live.{}.{}.{what}", self.prefix, key.0.shard(), key.0)
    }

    /// Everything that listeners of `key` hear: one subscription for each key.
    pub(crate) fn live_of(&self, key: Key) -> String {
        format!("{}.live.{}.{}.*", self.prefix, key.0.shard(), key.0)
    }

    /// Everything that any listener hears.
    pub(crate) fn live_of_all(&self) -> String {
        format!("{}.live.*.*.*", self.prefix)
    }

    /// From where to where NATS publishes a stored state again.
    pub(crate) fn republished(&self) -> (String, String) {
        let prefix = &self.prefix;
        (
            format!("{prefix}.state.*.*"),
            format!("{prefix}.live.{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}.{STATE}"),
        )
    }

    /// The key whose listeners hear what comes on a live subject.
    pub(crate) fn key_of(&self, live: &str) -> Option<Key> {
        let rest = live.strip_prefix(self.prefix.as_str())?.strip_prefix(".live.")?;
        let mut tokens = rest.split('.');
        let (_shard, account) = (tokens.next()?, tokens.next()?);
        let octets = u128::from_str_radix(account, 16).ok()?;
        Some(Key(AccountToken(octets.to_be_bytes())))
    }

    /// The name of a stream.
    pub(crate) fn stream(&self, stream: &str) -> String {
        format!("{}_{stream}", self.prefix)
    }

    /// The stream of a KV bucket, as NATS' own tools read it.
    pub(crate) fn bucket(&self, bucket: Bucket) -> String {
        format!("KV_{}_{}", self.prefix, bucket.name())
    }

    /// The stream of the KV bucket in which the installation itself is noted.
    pub(crate) fn installation(&self) -> String {
        format!("KV_{}_installation", self.prefix)
    }

    /// The fingerprint of the installation's key.
    pub(crate) fn installation_key(&self) -> String {
        format!("$KV.{}_installation.key", self.prefix)
    }

    /// Everything that is noted of the installation.
    pub(crate) fn installation_values(&self) -> String {
        format!("$KV.{}_installation.>", self.prefix)
    }

    /// Every key of a KV bucket.
    pub(crate) fn values(&self, bucket: Bucket) -> String {
        format!("$KV.{}_{}.>", self.prefix, bucket.name())
    }

    /// One key of a KV bucket. Letters, digits, `_` and `-` stand for themselves; any other octet is `=` and two
    /// hexadecimal digits, and nothing at all is `=`.
    pub(crate) fn value(&self, bucket: Bucket, key: &str) -> String {
        let mut subject = format!("$KV.{}_{}.", self.prefix, bucket.name());
        if key.is_empty() {
            subject.push('=');
        }
        for octet in key.bytes() {
            match octet {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => subject.push(char::from(octet)),
                _ => subject.push_str(&format!("={octet:02x}")),
            }
        }
        subject
    }
}

/// The last token of a live subject for states.
const STATE: &str = "state";

#[cfg(test)]
mod tests {
    use bus::{JobKind, LiveKind, Urgency};
    use proptest::prelude::*;

    use super::*;

    const ACCOUNT: AccountToken = AccountToken([0x4a; 16]);
    const TOKEN: &str = "4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a";

    #[test]
    fn subjects_never_change() {
        let names = Names::new("mailpush");
        let job = Topic::Job(Urgency::High, JobKind::Alarm, ACCOUNT);
        let alert = Topic::Live(ACCOUNT, LiveKind::CalendarAlert);
        assert_eq!(names.state(ACCOUNT), format!("mailpush.state.10.{TOKEN}"));
        assert_eq!(names.stored(&job), format!("mailpush.job.high.alarm.{TOKEN}"));
        assert_eq!(names.live_of(Key(ACCOUNT)), format!("mailpush.live.10.{TOKEN}.*"));
        for (topic, last) in [(Topic::State(ACCOUNT), "state"), (alert, "calendar-alert"), (job, "job")] {
            assert_eq!(names.live(Key(ACCOUNT), &topic), format!("mailpush.live.10.{TOKEN}.{last}"));
        }
        assert_eq!(names.live_of_all(), "mailpush.live.*.*.*");
        assert_eq!(names.all_of("job"), "mailpush.job.>");
        let republished = ("mailpush.state.*.*", "mailpush.live.{{wildcard(1)}}.{{wildcard(2)}}.state");
        assert_eq!(names.republished(), (republished.0.to_owned(), republished.1.to_owned()));
    }

    #[test]
    fn names_never_change() {
        let names = Names::new("mailpush");
        assert_eq!(names.stream("STATE"), "mailpush_STATE");
        assert_eq!(names.bucket(Bucket::Leases), "KV_mailpush_leases");
        assert_eq!(names.values(Bucket::Leases), "$KV.mailpush_leases.>");
        assert_eq!(names.installation(), "KV_mailpush_installation");
        assert_eq!(names.installation_key(), "$KV.mailpush_installation.key");
        assert_eq!(names.installation_values(), "$KV.mailpush_installation.>");
        assert_eq!(names.value(Bucket::Leases, "a-B_9"), "$KV.mailpush_leases.a-B_9");
        assert_eq!(names.value(Bucket::Leases, "a.b c*>ä="), "$KV.mailpush_leases.a=2eb=20c=2a=3e=c3=a4=3d");
        assert_eq!(names.value(Bucket::Leases, ""), "$KV.mailpush_leases.=");
    }

    proptest! {
        #[test]
        fn a_live_subject_names_its_key(octets in any::<[u8; 16]>(), kind in 0..2_usize) {
            let (names, key) = (Names::new("p"), Key(AccountToken(octets)));
            let subject = names.live(key, &Topic::Live(AccountToken([0; 16]), LiveKind::ALL[kind]));
            prop_assert_eq!(names.key_of(&subject), Some(key));
            prop_assert_eq!(Names::new("q").key_of(&subject), None);
        }

        #[test]
        fn two_keys_never_share_a_subject(one in ".{0,8}", other in ".{0,8}") {
            let names = Names::new("p");
            let (first, second) = (names.value(Bucket::Gaps, &one), names.value(Bucket::Gaps, &other));
            prop_assert_eq!(one == other, first == second);
            prop_assert!(first["$KV.p_gaps.".len()..].bytes().all(|octet| octet.is_ascii_alphanumeric() || b"_-=".contains(&octet)));
        }
    }
}
