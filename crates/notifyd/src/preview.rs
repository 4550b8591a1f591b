//! What a script's notification would send, told to an operator. Sends nothing and writes nothing down.

use std::fmt::Write as _;

use ::sieve::{Hook, Mailto, Method, silence};
use mailbox_event::{Account, Event, UnixMillis};
use sms_gateway::signature::{self, SigningKey};
use store::{Credit, Store, StoreError};
use url::Url;
use wording::{Reader, RenderError, Wording};

use crate::{
    Settings,
    message::AutoSubmitted,
    reader::reader,
    settings::Means,
    sieve::Taken,
    webhook::{InvalidHost, Payload, post_key, without_fragment},
};

/// What a preview is made with.
#[derive(Clone, Copy)]
pub struct Preview<'a> {
    /// As notifyd has them.
    pub settings: &'a Settings,
    /// Our words, or the operator's.
    pub wording: &'a Wording,
    /// Who reads it.
    pub reader: &'a Reader,
    /// What the database knows of whose script it is, if it was asked.
    pub user: Option<&'a PreviewUser>,
    /// Signatures are of this moment.
    pub now: UnixMillis,
}

/// What the database knows of a user.
#[derive(Clone)]
pub struct PreviewUser {
    reader: Option<store::Reader>,
    pub(crate) numbers: Vec<String>,
    pub(crate) credit: Credit,
}

impl PreviewUser {
    /// Asks for it. Writes nothing.
    pub async fn ask(store: &Store, user: &Account) -> Result<Self, StoreError> {
        let reader = store.addressee(user, None).await?.reader;
        Ok(Self { reader, numbers: store.numbers(user).await?, credit: store.credit(user).await? })
    }

    /// In which words mail and texts are, for those of whom nothing is known as `settings` say.
    pub fn reader(&self, settings: &Settings) -> Reader {
        reader(self.reader.clone().unwrap_or_default(), &settings.reader)
    }
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// It is another kind of event.
    #[error("event is no notification of a Sieve script")]
    Other,
    /// A host of the configuration is none.
    #[error("notifyd.webhook.hosts")]
    Hosts(#[from] InvalidHost),
    /// A template failed.
    #[error(transparent)]
    Render(#[from] RenderError),
}

impl Preview<'_> {
    /// Tells what `event` would send: mails as they read, POSTs as they leave, or why nothing is sent.
    pub fn of(&self, event: Event) -> Result<String, PreviewError> {
        let taken = match Taken::of(event) {
            Ok(Some(taken)) => taken,
            Ok(None) => {
                return Ok("nothing: the method is malformed, or of a scheme that is not supported\n".into());
            }
            Err(_) => return Err(PreviewError::Other),
        };
        if let Some(silence) = silence(&taken.facts, self.settings.from.address.domain()) {
            return Ok(format!("nothing: {}\n", silent(silence)));
        }
        self.by(&taken, &taken.method)
    }

    fn by(&self, taken: &Taken, method: &Method) -> Result<String, PreviewError> {
        match method {
            Method::Mail(mailto) => self.mail(taken, mailto),
            Method::Post(Hook { url }) => self.post(taken, url),
            Method::Plain => match self.settings.sieve.methods.get(&taken.name) {
                Some(Means::Mail) => self
                    .mail(taken, &Mailto { to: vec![taken.owner.as_str().to_owned()], ..Mailto::default() }),
                Some(Means::Post(url)) => self.post(taken, url),
                Some(Means::Text) => Ok(self.own_text(taken)),
                Some(Means::Ignored) => Ok("nothing: notifyd.sieve.methods says \"ignore\"\n".into()),
                None => Ok("nothing: notifyd.sieve.methods does not know the method\n".into()),
            },
            Method::Text(texting) => Ok(self.text(taken, texting)),
        }
    }

    fn mail(&self, taken: &Taken, mailto: &Mailto) -> Result<String, PreviewError> {
        let text = taken.text();
        let mail = self.wording.notice(&taken.notice(mailto, &text), self.reader)?;
        let from = &self.settings.from;
        let envelope = if taken.facts.has_null_sender { "" } else { from.address.as_ref() };
        let mut told = String::new();
        for to in mailto.to.iter().chain(&mailto.cc) {
            let program = AutoSubmitted::Notified { owner: taken.owner.as_str().to_owned() }.value();
            // Writing to a text cannot fail.
            write!(
                told,
                "mail from <{envelope}> to <{to}>\nFrom: {} <{}>\nAuto-Submitted: {program}\n\
                 Subject: {}\n\n{}\n",
                from.name, from.address, mail.subject, mail.text
            )
            .ok();
        }
        if mailto.left_out > 0 {
            writeln!(told, "left out: {}", quantity(mailto.left_out as u64, "address", "addresses")).ok();
        }
        Ok(told)
    }

    fn post(&self, taken: &Taken, url: &Url) -> Result<String, PreviewError> {
        let Some(webhook) = &self.settings.webhook else {
            return Ok("nothing: notifyd.webhook is not set\n".into());
        };
        if let Err(why) = webhook.allowed()?.check(url) {
            return Ok(format!("nothing: {why}\n"));
        }
        let (url, text) = (&without_fragment(url), taken.text());
        let body = Payload::of(taken, &text).to_octets();
        let (key, now) = (post_key(taken, url).to_string(), self.now.0 / 1_000);
        let signature =
            SigningKey::new(&webhook.secret).map(|secret| signature::sign(&secret, &key, now, &body));
        Ok(format!(
            "POST {url}\ncontent-type: application/json\nidempotency-key: {key}\n{}: {key}\n{}: {now}\n{}: {}\n\n{}\n",
            signature::ID,
            signature::TIMESTAMP,
            signature::SIGNATURE,
            signature.unwrap_or_else(|why| format!("none, for {why}")),
            String::from_utf8_lossy(&body)
        ))
    }
}

fn silent(why: ::sieve::Silence) -> &'static str {
    match why {
        ::sieve::Silence::AutoSubmitted => "the message was sent by a program (Auto-Submitted)",
        ::sieve::Silence::Ours => "the message is one of ours",
    }
}

/// So many, in words for a person.
pub(crate) fn quantity(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
