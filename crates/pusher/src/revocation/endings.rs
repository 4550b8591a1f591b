//! Which streams of an account have to end.

use std::collections::VecDeque;

use mailbox_event::UnixMillis;

use super::CredentialId;

/// Refusals that are remembered for the streams of an account to see. More different credentials of one account are not
/// refused between two looks of a stream; one that missed it ends with its lifetime.
const MOST_REFUSALS: usize = 16;

/// On whose word a stream is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holding {
    /// Since when the credential is known to be good.
    pub since: UnixMillis,
    /// Which one it is, where the mail server was asked.
    pub credential: Option<CredentialId>,
}

/// What was heard of the credentials of an account.
#[derive(Debug, Clone, Default)]
pub struct Endings {
    revoked_at: Option<UnixMillis>,
    refused: VecDeque<(CredentialId, UnixMillis)>,
}

impl Endings {
    /// Everything until `at` was revoked. Says whether streams have to look.
    pub fn revoke(&mut self, at: UnixMillis) -> bool {
        let is_newer = self.revoked_at.is_none_or(|known| known < at);
        if is_newer {
            self.revoked_at = Some(at);
        }
        is_newer
    }

    /// The mail server, asked at `at`, refused this credential.
    pub fn refuse(&mut self, credential: CredentialId, at: UnixMillis) {
        self.refused.retain(|(known, _)| *known != credential);
        if self.refused.len() == MOST_REFUSALS {
            self.refused.pop_front();
        }
        self.refused.push_back((credential, at));
    }

    /// Whether a stream has to end.
    pub fn end(&self, holding: &Holding) -> bool {
        let is_revoked = self.revoked_at.is_some_and(|at| holding.since <= at);
        let is_refused =
            |(credential, at): &(_, _)| Some(*credential) == holding.credential && holding.since <= *at;
        is_revoked || self.refused.iter().any(is_refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(since: u64, credential: u8) -> Holding {
        Holding { since: UnixMillis(since), credential: Some(CredentialId([credential; 8])) }
    }

    #[test]
    fn a_revocation_ends_what_is_not_newer() {
        let mut endings = Endings::default();
        assert!(!endings.end(&holding(0, 1)));
        assert!(endings.revoke(UnixMillis(10)));
        assert!(!endings.revoke(UnixMillis(9)));
        assert_eq!([9, 10, 11].map(|since| endings.end(&holding(since, 1))), [true, true, false]);
    }

    #[test]
    fn a_refusal_ends_its_own_credential_until_it_is_good_again() {
        let mut endings = Endings::default();
        endings.refuse(CredentialId([1; 8]), UnixMillis(10));
        assert!(endings.end(&holding(5, 1)));
        assert!(!endings.end(&holding(5, 2)));
        assert!(!endings.end(&holding(11, 1)));
        assert!(!endings.end(&Holding { since: UnixMillis(5), credential: None }));
    }

    #[test]
    fn refusals_of_one_credential_take_the_place_of_one() {
        let mut endings = Endings::default();
        endings.refuse(CredentialId([1; 8]), UnixMillis(10));
        for again in 0..20 {
            endings.refuse(CredentialId([2; 8]), UnixMillis(again));
        }
        assert!(endings.end(&holding(5, 1)) && endings.end(&holding(5, 2)));
        for other in 0..20 {
            endings.refuse(CredentialId([other; 8]), UnixMillis(10));
        }
        assert_eq!(endings.refused.len(), MOST_REFUSALS);
    }
}
