//! Tickets, given and taken.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use hyper::{HeaderMap, Response, StatusCode};

use super::Service;
use crate::{
    credential::{NoTicket, Outcome},
    request::Claim,
    response::{self, Body},
};

/// When a script may ask again: after an outage, as clients of streams do.
const WAIT_FOR_BUS: Duration = Duration::from_secs(10);
/// Tickets are counted by the minute, and who has too many streams has to end some.
const A_MINUTE: Duration = Duration::from_secs(60);

impl Service {
    /// A ticket for who shows a credential in the header fields.
    pub(super) async fn ticket(&self, fields: &HeaderMap, peer: IpAddr) -> Response<Body> {
        let Ok(_place) = self.place(peer, fields) else {
            let words = "there are too many streams of this address";
            return response::no_ticket(StatusCode::TOO_MANY_REQUESTS, words, A_MINUTE);
        };
        let identity = match self.check(fields).await {
            Outcome::Accepted(identity) => identity,
            Outcome::Refused => return response::unauthorized(),
            Outcome::Unverifiable => return unavailable("the credential cannot be verified at the moment"),
        };
        match self.tickets.mint(&identity, SystemTime::now()).await {
            Ok(ticket) => {
                self.telemetry.ticket_given();
                response::ticket(&ticket, self.tickets.lasts(&identity))
            }
            Err(no @ NoTicket::Bus) => unavailable(&no.to_string()),
            Err(no @ NoTicket::TooMany) => {
                response::no_ticket(StatusCode::TOO_MANY_REQUESTS, &no.to_string(), A_MINUTE)
            }
        }
    }

    /// What a ticket is worth.
    pub(super) async fn redeem(&self, claim: &Claim) -> Outcome {
        let Some(ticket) = &claim.ticket else { return self.counted(Outcome::Refused) };
        let Ok(_room) = self.unverified.try_acquire() else { return self.counted(Outcome::Unverifiable) };
        let outcome = self.tickets.redeem(ticket, claim.tag.as_ref(), SystemTime::now()).await;
        self.counted(outcome.unless_revoked(&self.revocations).await)
    }
}

fn unavailable(words: &str) -> Response<Body> {
    response::no_ticket(StatusCode::SERVICE_UNAVAILABLE, words, WAIT_FOR_BUS)
}
