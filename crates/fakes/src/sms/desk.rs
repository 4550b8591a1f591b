//! What is done with a call: nothing here knows of connections.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{
    Fault, Form, GatewaySettings, TextMessage,
    answer::{self, Why},
    forms::{Asked, Call, read},
};

/// What the server and whoever holds it share.
#[derive(Debug)]
pub struct Shared {
    pub settings: GatewaySettings,
    state: Mutex<State>,
    pub taken: watch::Sender<u64>,
    pub calls: watch::Sender<u64>,
}

/// What is kept, and what is to go wrong.
#[derive(Debug, Default)]
pub struct State {
    pub messages: VecDeque<Arc<TextMessage>>,
    /// Those of them that came in the signed form, by reference.
    signed: HashMap<String, Arc<TextMessage>>,
    /// Names that were given.
    ids: u64,
    pub next: VecDeque<Option<Fault>>,
    pub always: Option<Fault>,
    /// Parts that are paid for; nothing is without end.
    pub funds: Option<u64>,
}

/// What is done with a call.
pub enum Reply {
    Say(u16, String),
    SayBusy(u16, u64),
    SayLate(Duration, u16, String),
    Nothing,
    HangUp,
}

impl Reply {
    fn say((status, body): answer::Answer) -> Self {
        Self::Say(status, body.to_string())
    }
}

impl Shared {
    pub fn new(settings: GatewaySettings) -> Self {
        Self {
            settings,
            state: Mutex::default(),
            taken: watch::Sender::default(),
            calls: watch::Sender::default(),
        }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole before the lock is left, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn reply(&self, call: &Call<'_>) -> Reply {
        let asked = read(call, &self.settings.account);
        let mut state = self.lock();
        let fault = state.next.pop_front().unwrap_or_else(|| state.always.clone());
        let (form, message) = match asked {
            Asked::Take(message) => (message.form, message),
            Asked::Nowhere => return Reply::Say(404, String::new()),
            Asked::Stranger(form) => return Reply::say(answer::refused(form, Why::Stranger)),
            Asked::Incomplete(form) => return Reply::say(answer::refused(form, Why::Incomplete)),
        };
        // Who took a reference says so, whatever would become of it by now.
        let is_known = form == Form::Webhook && state.signed.contains_key(&message.reference);
        let is_taken = |fault: &Fault| fault.takes() || (is_known && *fault == Fault::Refuse);
        if let Some(fault) = fault.as_ref().filter(|fault| !is_taken(fault)) {
            return untaken(form, fault);
        }
        let Some((message, is_first)) = self.take(&mut state, message) else {
            return Reply::say(answer::refused(form, Why::NoFunds));
        };
        drop(state);
        if is_first {
            self.taken.send_modify(|taken| *taken += 1);
        }
        taken(answer::taken(&message, &self.settings.account.twilio_sid), fault.as_ref())
    }

    /// Keeps the message and names it, and whether it is a first. A reference that came before in the signed form is
    /// the message that it was. Nothing without funds.
    fn take(&self, state: &mut State, mut message: TextMessage) -> Option<(Arc<TextMessage>, bool)> {
        let is_signed = message.form == Form::Webhook;
        if let Some(kept) = state.signed.get(&message.reference).filter(|_| is_signed) {
            return Some((kept.clone(), false));
        }
        let left = state.funds.map(|funds| funds.checked_sub(message.segments.into()));
        state.funds = match left {
            Some(None) => return None,
            Some(left) => left,
            None => None,
        };
        let names = if message.form == Form::Vonage { message.segments } else { 1 };
        message.ids = (0..names).map(|_| state.name(message.form)).collect();
        let message = Arc::new(message);
        state.keep(message.clone(), self.settings.kept.max(1));
        Some((message, true))
    }
}

impl State {
    fn keep(&mut self, message: Arc<TextMessage>, most: usize) {
        while self.messages.len() >= most {
            let oldest = self.messages.pop_front().filter(|oldest| oldest.form == Form::Webhook);
            oldest.map(|oldest| self.signed.remove(&oldest.reference));
        }
        if message.form == Form::Webhook {
            self.signed.insert(message.reference.clone(), message.clone());
        }
        self.messages.push_back(message);
    }

    fn name(&mut self, form: Form) -> String {
        self.ids += 1;
        match form {
            Form::Twilio => format!("SM{:032x}", self.ids),
            Form::Vonage => format!("{:016X}", self.ids),
            Form::Webhook => format!("message-{}", self.ids),
        }
    }
}

/// The answer to a message that was not taken.
fn untaken(form: Form, fault: &Fault) -> Reply {
    match fault {
        Fault::Throttle => Reply::say(answer::refused(form, Why::Throttled)),
        Fault::Refuse => Reply::say(answer::refused(form, Why::Refused)),
        Fault::Status(status) => Reply::Say(*status, String::new()),
        Fault::Busy { status, seconds } => Reply::SayBusy(*status, *seconds),
        Fault::Silence => Reply::Nothing,
        Fault::LoseRequest | Fault::LoseReply | Fault::Late(_) | Fault::Garble => Reply::HangUp,
    }
}

/// The answer to a message that was taken.
fn taken(answer: answer::Answer, fault: Option<&Fault>) -> Reply {
    match fault {
        Some(Fault::LoseReply) => Reply::HangUp,
        Some(Fault::Garble) => Reply::Say(200, "<html>Welcome</html>".to_owned()),
        Some(Fault::Late(after)) => Reply::SayLate(*after, answer.0, answer.1.to_string()),
        _ => Reply::say(answer),
    }
}
