//! The mails that came out of notifyd, and their way into the demo's inbox.

use std::sync::{Arc, Mutex, PoisonError};

use fakes::smtp::SmtpSink;
use kit::drain::Drain;
use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    compose::Deed,
    mail::{self, Mail},
    phone::Phone,
    script::Action,
};

/// What the page shows of them: the newest, and how many there were.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Shown {
    count: u64,
    newest: Option<Mail>,
}

/// The mails so far.
#[derive(Debug, Clone, Default)]
pub struct Outbox(Arc<Mutex<Shown>>);

impl Outbox {
    /// `/demo/mails.json`
    pub fn shown(&self) -> Shown {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `/demo/mail.html`: the newest as a mail program shows it; empty before the first.
    pub fn html(&self) -> String {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.newest.as_ref().map(|mail| mail.html.clone()).unwrap_or_default()
    }

    /// The subject of the newest mail.
    fn subject(&self) -> Option<String> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.newest.as_ref().map(|mail| mail.subject.clone())
    }

    /// Takes in a mail as it came over SMTP, and says what happens to the mailbox that it is for.
    pub fn take(&self, octets: &[u8]) -> Action {
        let mail = mail::read(octets);
        let letter = mail.letter();
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shown.count += 1;
        shown.newest = Some(mail);
        Action::One(Deed::Receive(letter))
    }
}

/// Who is told of mails.
pub struct Told {
    /// What the page shows of them.
    pub outbox: Outbox,
    /// What puts them into the inbox.
    pub orders: mpsc::Sender<Action>,
    /// Whose credit may have ended.
    pub phone: Arc<Phone>,
    /// The subject of the mail that says so.
    pub end_of_credit: String,
}

/// Waits for mails at the demo's SMTP server and delivers them to the inbox, as the server of alice's domain would.
pub async fn collect(sink: Arc<SmtpSink>, told: Told, drain: Drain) {
    let Told { outbox, orders, phone, end_of_credit } = told;
    let mut taken = sink.taken();
    let mut seen = 0;
    loop {
        let changed = tokio::select! {
            () = drain.draining() => return,
            changed = taken.changed() => changed,
        };
        // The sink ends only when it is dropped, and we hold it.
        if changed.is_err() {
            return;
        }
        let count = *taken.borrow_and_update();
        let mails = sink.mails();
        let unseen = usize::try_from(count - seen).unwrap_or(usize::MAX).min(mails.len());
        seen = count;
        for mail in &mails[mails.len() - unseen..] {
            let delivery = outbox.take(&mail.octets);
            if outbox.subject().is_some_and(|subject| subject == end_of_credit) {
                phone.credit_has_ended();
            }
            tokio::select! {
                () = drain.draining() => return,
                // Only a player that has ended takes no orders, and then the demo ends.
                _sent = orders.send(delivery) => {}
            }
        }
    }
}
