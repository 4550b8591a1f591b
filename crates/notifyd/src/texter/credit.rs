//! A user's credit has ended: one mail says so, until there is credit again and that has ended, too.

use std::slice;

use mailbox_event::{Account, UnixMillis};
use store::{Budget, EffectKey, EffectKind, Merge, NoticeKind, ScopeKey, Store, StoreError};

use crate::post::now;

/// Has the sweep tell `user`, once for each time that credit was granted: a notice whose effect is put down first.
pub(super) async fn ended(store: &Store, user: &Account) -> Result<(), StoreError> {
    let granted = store.last_grant(user).await?.unwrap_or(UnixMillis(0));
    let key = EffectKey::of(&["credit-ended", user.as_str(), &granted.0.to_string()]);
    let merge = Merge { user, kind: NoticeKind::CreditEnded, destination: user.as_str(), flush_at: now() };
    // There is room for none, so that all of them become the one notice.
    let none = Budget { scope: ScopeKey::of(&["none"]), since: granted, most: 0 };
    store.admit(&key, EffectKind::Notice, "", slice::from_ref(&none), &merge, now()).await?;
    Ok(())
}
