//! Names of mailboxes in the administrator's namespace.

use mailbox_event::{Acl, MailboxName, MailboxType};

use super::Dialect;
use crate::{Malformed, acl};

/// imapd.conf's `deletedprefix`: where mailboxes lie between their deletion and `cyr_expire`.
const DELETED: &str = "DELETED";

/// The folder of a user's Sieve scripts, of which Cyrus 3.6 writes only the prefix into URIs.
const SIEVE: &str = "#sieve";

impl Dialect {
    /// Whose mailbox `mailbox` is, and its folders.
    ///
    /// A name of a user in another domain ends in `@domain`, after the last folder: `user/erin/Plans@example.com`.
    /// The list `acl`, where there is one, tells such a name from a folder whose own name has an `@`.
    pub(crate) fn mailbox_name(
        &self,
        mailbox: &str,
        holds: MailboxType,
        acl: Option<&Acl>,
    ) -> Result<MailboxName, Malformed> {
        if mailbox.is_empty() {
            return Ok(MailboxName { owner: None, path: Vec::new() });
        }
        if mailbox == self.user_prefix {
            return self.ownerless(holds, acl);
        }
        match self.domain_of(mailbox) {
            Some((local, domain)) if !self.is_local(mailbox, local, domain, acl) => {
                self.split(local, Some(domain))
            }
            _ => self.split(mailbox, None),
        }
    }

    /// The bare prefix does not say its owner; the list may.
    fn ownerless(&self, holds: MailboxType, acl: Option<&Acl>) -> Result<MailboxName, Malformed> {
        let owner = acl.and_then(acl::sole_owner);
        let owner = owner.map(|owner| self.account(owner, "owner of the mailbox")).transpose()?;
        // Never empty, for an empty path with an owner is that owner's INBOX.
        let folder = if holds == MailboxType::Sieve { SIEVE } else { &self.user_prefix };
        Ok(MailboxName { owner, path: vec![folder.to_owned()] })
    }

    /// Cuts `@domain` off, if the name is a user's and ends in what can be a domain.
    fn domain_of<'a>(&self, mailbox: &'a str) -> Option<(&'a str, &'a str)> {
        let (local, domain) = mailbox.rsplit_once('@')?;
        let is_domain = !domain.is_empty()
            && domain.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
            && !domain.starts_with('.')
            && !domain.ends_with('.');
        (is_domain && self.user_of(local).is_some()).then_some((local, domain))
    }

    /// Whether the list speaks for a user of the default domain who named a folder with an `@`, which Cyrus allows.
    fn is_local(&self, mailbox: &str, local: &str, domain: &str, acl: Option<&Acl>) -> bool {
        let (Some(acl), Some(user)) = (acl, self.user_of(local)) else { return false };
        // Without a folder the `@` stands after the user, and nothing is unclear.
        let has_folder = self.user_of(mailbox).as_ref() == Some(&user);
        has_folder && acl::likelier_owner(acl, &user, &format!("{user}@{domain}")) == Some(&user)
    }

    /// The part of a name that says the user, without a domain.
    fn user_of(&self, mailbox: &str) -> Option<String> {
        let mut parts = mailbox.split(self.separator);
        let first = parts.next()?;
        let first = if first == DELETED { parts.next()? } else { first };
        let user = (first == self.user_prefix).then(|| parts.next()).flatten()?;
        (!user.is_empty()).then(|| self.user_id(user))
    }

    fn split(&self, mailbox: &str, domain: Option<&str>) -> Result<MailboxName, Malformed> {
        let mut path: Vec<String> = mailbox.split(self.separator).map(str::to_owned).collect();
        let Some(user) = self.user_of(mailbox) else { return Ok(MailboxName { owner: None, path }) };
        let user_id = domain.map_or_else(|| user.clone(), |domain| format!("{user}@{domain}"));
        // The prefix and the user go; a leading DELETED stays, so that it is nobody's INBOX.
        let prefix = usize::from(path[0] == DELETED);
        path.drain(prefix..prefix + 2);
        Ok(MailboxName { owner: Some(self.account(&user_id, "owner of the mailbox")?), path })
    }

    /// Where `.` separates, a dot in a user's name is written `^`. In folders `^` is a character like any other.
    fn user_id(&self, user: &str) -> String {
        if self.separator == '.' { user.replace('^', ".") } else { user.to_owned() }
    }
}

#[cfg(test)]
mod tests;
