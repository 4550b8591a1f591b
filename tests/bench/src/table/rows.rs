//! The rows of the table.

/// One row: a metric of the results in words.
pub struct Row {
    /// Its name in the results.
    pub metric: &'static str,
    /// What it is, with its unit.
    pub title: &'static str,
    /// What the design asks of ours.
    pub target: &'static str,
    decimals: usize,
}

impl Row {
    const fn new(metric: &'static str, title: &'static str, target: &'static str, decimals: usize) -> Self {
        Self { metric, title, target, decimals }
    }

    /// A value of this row; thousands with commas where there are no decimals.
    pub fn number(&self, value: f64) -> String {
        let text = format!("{value:.*}", self.decimals);
        if self.decimals > 0 {
            return text;
        }
        let digits = text.len();
        let comma = |at: usize| if at > 0 && (digits - at).is_multiple_of(3) { "," } else { "" };
        text.char_indices().map(|(at, digit)| format!("{}{digit}", comma(at))).collect()
    }
}

/// In the order of the table.
pub const ROWS: &[Row] = &[
    Row::new("storm_s", "10,000 streams connected at once, first octet of each, s", "≤ 0.6", 2),
    Row::new("idle_kb", "memory of an idle stream, KiB", "≤ 8", 1),
    Row::new("traffic_kb", "the same after traffic, KiB", "", 1),
    Row::new("load_rate", "10,000 events/s over 10,000 accounts: frames/s delivered", "", 0),
    Row::new("load_cpu_us", "… CPU per delivered event, µs", "≤ 20", 1),
    Row::new("store_cpu_us", "… of which storing, measured without streams, µs", "", 1),
    Row::new("writer_cpu_us", "… of which the bus's writer thread, µs", "", 1),
    Row::new("load_p50_ms", "… sent to read, p50, ms", "≤ nchan", 2),
    Row::new("load_p99_ms", "… p99, ms", "≤ nchan", 2),
    Row::new("load_p999_ms", "… p99.9, ms", "", 2),
    Row::new("broadcast_cpu_us", "one change to 10,000 streams: CPU per delivery, µs", "≤ 10", 1),
    Row::new("broadcast_last_ms", "… until the last has it, ms", "", 1),
    Row::new(
        "flood_rate",
        "50 changes/s to 10,000 streams: deliveries/s, merged ones counted",
        "≥ 390,000",
        0,
    ),
    Row::new("flood_frames", "… frames/s", "", 0),
    Row::new("slow_user_kb", "100 readers that never read: server's memory of each, KiB", "", 1),
    Row::new("slow_kernel_kb", "… kernel's buffers on the server's side of each, KiB", "", 1),
    Row::new("slow_p50_ms", "… the live ones beside them: p50, ms", "", 2),
    Row::new("slow_p99_ms", "… p99, ms", "≤ 5", 2),
    Row::new("relay1_rate", "Cyrus tells relay, one sender at full speed: notifications/s", "", 0),
    Row::new("relay1_p50_us", "… connect to answer, p50, µs", "", 0),
    Row::new("relay1_p99_us", "… p99, µs", "≤ 200", 0),
    Row::new("relay4_rate", "four senders at full speed: notifications/s", "", 0),
    Row::new("relay4_p50_us", "… p50, µs", "", 0),
    Row::new("relay4_p99_us", "… p99, µs", "≤ 200", 0),
];
