//! What is told of a state, encoded once for all who are told the same.

use std::sync::{Arc, Mutex, PoisonError};

use mailbox_event::AccountToken;
use state::{AccountState, Cursor, Diff};

use crate::{
    encode::{self, Encoding},
    frame::{Frame, FrameKind},
};

/// Streams of an account mostly have one of two forms, and were told the same last.
const MOST_SHARED: usize = 8;

/// All that decides how a state is told: streams that are equal in it are written the same octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// The form.
    pub encoding: Encoding,
    /// The account's id in the mail server's JMAP Session.
    pub account_id: Arc<str>,
    /// What the client has been told; `None`: nothing that could be compared with.
    pub has: Option<Arc<Cursor>>,
}

/// A state as it is told.
#[derive(Debug, Clone)]
pub struct Told {
    /// What the client has with it.
    pub cursor: Arc<Cursor>,
    /// The event.
    pub frame: Frame,
}

/// What was told of one state to whom. A clone is empty: it is made to hold another state.
#[derive(Debug, Default)]
pub struct SharedTold {
    told: Mutex<Vec<(Audience, Option<Told>)>>,
    /// Nothing is kept for others.
    has_one_audience: bool,
}

impl Audience {
    /// One event with everything that moved, if that is anything that is shown. `event_id`: of a cursor.
    pub fn tell(
        &self,
        account: AccountToken,
        state: &AccountState,
        event_id: impl FnOnce(&Cursor) -> String,
    ) -> Option<Told> {
        let data = match self.has.as_ref().map_or(Diff::Everything, |has| has.diff(state)) {
            Diff::Same => None,
            Diff::Everything => self.encoding.data(state, &self.account_id, encode::Told::All),
            Diff::Moved(moved) => self.encoding.data(state, &self.account_id, encode::Told::Moved(&moved)),
        }?;
        let cursor = Cursor::of(account, state);
        let id = event_id(&cursor);
        let frame = Frame::event(FrameKind::State, self.encoding.event_name(), Some(&id), &data);
        Some(Told { cursor: Arc::new(cursor), frame })
    }
}

impl SharedTold {
    /// What `audience` is told, from `tell` the first time. Later audiences than the bound are told each for itself.
    pub fn once(&self, audience: &Audience, tell: impl FnOnce() -> Option<Told>) -> Option<Told> {
        if self.has_one_audience {
            return tell();
        }
        // What a panic left behind is whole: a pair is added at once.
        let mut shared = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, told)) = shared.iter().find(|(known, _)| known == audience) {
            return told.clone();
        }
        let told = tell();
        if shared.len() < MOST_SHARED {
            shared.push((audience.clone(), told.clone()));
        }
        told
    }

    /// Nothing was told yet: the state is another.
    pub fn clear(&mut self) {
        self.told.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many streams there are to tell: keeping what one was told costs more than telling a second one that comes
    /// meanwhile.
    pub fn expect(&mut self, streams: usize) {
        self.has_one_audience = streams == 1;
        if self.has_one_audience {
            // Its room too, which most accounts never need again.
            self.told = Mutex::default();
        }
    }
}

impl Clone for SharedTold {
    fn clone(&self) -> Self {
        Self::default()
    }
}
