//! What a node bears.

use std::{ops::RangeInclusive, time::Duration};

use kit::config::Validate;
use serde::{Deserialize, Serialize};

/// Bounds of a node and of its connections.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Streams on this node. Over it a client gets one state and is asked to come back.
    pub streams: usize,
    /// Streams of one account on this node: more than anybody has tabs and devices.
    pub streams_per_account: usize,
    /// Streams of one address on this node, requests that wait included: an IPv4 address, behind which an office may
    /// be, or a /64 of IPv6. Trusted proxies themselves are not counted.
    pub streams_per_address: usize,
    /// Requests that wait for the word on their credential; more are asked to come back. Of all that come back at once
    /// after an outage, a mail server answers about so many before their checks are given up.
    pub unverified: usize,
    /// Connections on this node; more wait in the kernel. Each takes a file descriptor.
    pub connections: usize,
    /// Connections of one address, counted as its streams are; more are closed at once. Not counted behind a trusted
    /// proxy, which has limits of its own. More than its streams may be, for who is turned away is told so.
    pub connections_per_address: usize,
    /// The largest head of a request, in octets; also what a stream of HTTP/2 buffers to write.
    #[serde(with = "kit::config::size")]
    pub head: usize,
    /// Header fields in a request.
    pub headers: usize,
    /// How long the head of a request may take, and how long a connection may be without one: nobody holds it for
    /// nothing.
    #[serde(with = "kit::config::duration")]
    pub head_timeout: Duration,
    /// What the kernel buffers to write on one connection, in octets: a reader that does not read costs this.
    #[serde(with = "kit::config::size")]
    pub send_buffer: usize,
    /// Streams within one HTTP/2 connection.
    pub http2_streams: u32,
    /// How long leaving streams are waited for. A reader that does not read would hold the program for ever.
    #[serde(with = "kit::config::duration")]
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams: 50_000,
            streams_per_account: 128,
            streams_per_address: 2048,
            unverified: 4096,
            connections: 51_000,
            connections_per_address: 4096,
            head: 16 << 10,
            headers: 64,
            head_timeout: Duration::from_secs(10),
            send_buffer: 16 << 10,
            http2_streams: 256,
            drain: Duration::from_secs(10),
        }
    }
}

/// Cookies and tokens fill some kilobytes.
const SMALLEST_HEAD: usize = 8 << 10;
/// A connection may fill so much before it is known what it wants.
const LARGEST_HEAD: usize = 1 << 20;
/// Browsers send more than the least, nobody as many as the most.
const FIELDS: RangeInclusive<usize> = 16..=1024;
/// Far more than a machine bears, and within what a semaphore counts.
const MOST: usize = 100_000_000;

impl Validate for Limits {
    fn problems(&self) -> Vec<String> {
        let checks = [
            (!(1..=MOST).contains(&self.streams), "streams: must be between 1 and 100000000"),
            (self.streams_per_account == 0, "streams_per_account: nobody could open a stream"),
            (self.streams_per_address == 0, "streams_per_address: nobody could open a stream"),
            (!(1..=MOST).contains(&self.unverified), "unverified: must be between 1 and 100000000"),
            (!(1..=MOST).contains(&self.connections), "connections: must be between 1 and 100000000"),
            (self.connections_per_address == 0, "connections_per_address: nobody could connect"),
            (!(SMALLEST_HEAD..=LARGEST_HEAD).contains(&self.head), "head: must be between 8KiB and 1MiB"),
            (!FIELDS.contains(&self.headers), "headers: must be between 16 and 1024"),
            (self.head_timeout.is_zero(), "head_timeout: must be longer than nothing"),
            (self.send_buffer < 4 << 10, "send_buffer: must be at least 4KiB"),
            (self.http2_streams < 100, "http2_streams: RFC 9113 asks for at least 100"),
        ];
        problems(&checks)
    }
}

pub(super) fn problems(checks: &[(bool, &str)]) -> Vec<String> {
    checks.iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, problem)| (*problem).to_owned()).collect()
}
