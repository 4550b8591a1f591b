//! The rows of the tables.

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

    /// How much the one is of the other, unless that shows as nothing.
    pub fn ratio(&self, values: Option<(f64, f64)>) -> String {
        let half = 0.5 / 10_f64.powi(i32::try_from(self.decimals).unwrap_or(i32::MAX));
        let shown = values.filter(|(_, other)| other.abs() >= half);
        shown.map_or_else(String::new, |(ours, other)| format!("{:.2}", ours / other))
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

/// Everything in one process; in the order of the table.
pub const STREAMS: &[Row] = &[
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

/// Separate processes; in the order of the table.
pub const ON_NATS: &[Row] = &[
    Row::new("storm_s", "10,000 streams connected at once, first octet of each, s", "", 2),
    Row::new("idle_kb", "memory of an idle stream, KiB", "≤ 8", 1),
    Row::new("traffic_kb", "the same after traffic, KiB", "", 1),
    Row::new("load_rate", "10,000 events/s over 10,000 accounts: frames/s delivered", "", 0),
    Row::new("load_cpu_us", "… CPU of pusher per delivered event, µs", "≤ 20", 1),
    Row::new("whole_cpu_us", "… CPU of all processes, NATS and writer too, µs", "", 1),
    Row::new("store_cpu_us", "… CPU of a pusher without streams per event, µs", "", 1),
    Row::new("load_p50_ms", "… sent to read, p50, ms", "", 2),
    Row::new("load_p99_ms", "… p99, ms", "≤ nchan", 2),
    Row::new("load_p999_ms", "… p99.9, ms", "", 2),
    Row::new("state_relay_rate", "relay, 4,096 accounts' states, by compare-and-set: notifications/s", "", 0),
    Row::new("state_raw_rate", "… the client alone, no id and no compare-and-set: messages/s", "", 0),
    Row::new("state_relay_part", "… relay's part of it, %", "≥ 70", 0),
    Row::new("state_set_rate", "… the client alone, with the same compare-and-set: messages/s", "", 0),
    Row::new("state_set_part", "… relay's part of it, %", "≥ 70", 0),
    Row::new("many_relay_rate", "relay, 10,000 accounts' states, each read before: notifications/s", "", 0),
    Row::new("many_raw_rate", "… the client alone, no id and no compare-and-set: messages/s", "", 0),
    Row::new("many_relay_part", "… relay's part of it, %", "", 0),
    Row::new(
        "many_set_rate",
        "… the client alone, with the same compare-and-set, nothing read: messages/s",
        "",
        0,
    ),
    Row::new("many_set_part", "… relay's part of it, %", "", 0),
    Row::new("job_relay_rate", "relay, jobs with `Nats-Msg-Id`: notifications/s", "", 0),
    Row::new("job_raw_rate", "… the client alone, with the same id: messages/s", "", 0),
    Row::new("job_relay_part", "… relay's part of it, %", "≥ 70", 0),
    Row::new("read_p50_ms", "read of a state, p50, ms", "", 3),
    Row::new("read_p99_ms", "… p99, ms", "≤ 1", 3),
    Row::new("open_p50_ms", "first stream of an account: registered and read, p50, ms", "", 3),
    Row::new("open_p99_ms", "… p99, ms", "", 3),
    Row::new("interest_s", "100,000 accounts of interest on one node, s", "", 2),
    Row::new("interest_kb", "… memory of the node for each, KiB", "", 2),
    Row::new("interest_nats_kb", "… memory of NATS for each, KiB", "", 2),
];

/// Alarm mail; in the order of the table.
pub const MAIL: &[Row] = &[
    Row::new("mail_fake_rate", "into the project's server: mails/s", "", 0),
    Row::new("mail_fake_part", "… part of the loop's, of the same run, %", "≥ 80", 0),
    Row::new("mail_fake_cpu_us", "… CPU of the sender per mail, µs", "", 0),
    Row::new("mail_fake_nats_cpu_us", "… CPU of NATS per mail, µs", "", 0),
    Row::new("mail_fake_postgres_cpu_us", "… CPU of PostgreSQL per mail, µs", "", 0),
    Row::new("mail_fake_server_cpu_us", "… CPU of the SMTP server per mail, µs", "", 0),
    Row::new("mail_fake_pool_part", "… part of what lettre's own pool sends, %", "", 0),
    Row::new("mail_aiosmtpd_rate", "into aiosmtpd: mails/s", "", 0),
    Row::new("mail_aiosmtpd_part", "… part of the loop's, of the same run, %", "≥ 80", 0),
    Row::new("mail_aiosmtpd_cpu_us", "… CPU of the sender per mail, µs", "", 0),
    Row::new("mail_aiosmtpd_nats_cpu_us", "… CPU of NATS per mail, µs", "", 0),
    Row::new("mail_aiosmtpd_postgres_cpu_us", "… CPU of PostgreSQL per mail, µs", "", 0),
    Row::new("mail_aiosmtpd_server_cpu_us", "… CPU of the SMTP server per mail, µs", "", 0),
    Row::new("mail_aiosmtpd_pool_part", "… part of what lettre's own pool sends, %", "", 0),
    Row::new(
        "mail_delay_p50_ms",
        "an alarm at relay's socket to the server's answer, nobody at work: p50, ms",
        "",
        1,
    ),
    Row::new("mail_delay_p99_ms", "… p99, ms", "≤ 100", 1),
    Row::new("mail_delay_p999_ms", "… p99.9, ms", "", 1),
    Row::new("mail_idle_mb", "memory of notifyd without jobs, MiB", "", 1),
    Row::new("mail_backlog_mb", "… with 100,000 jobs that wait, MiB", "", 1),
    Row::new("mail_idle_nats_mb", "memory of NATS without jobs, MiB", "", 1),
    Row::new("mail_backlog_nats_mb", "… with 100,000 jobs, MiB", "", 1),
];

/// Text messages; in the order of the table.
pub const TEXTS: &[Row] = &[
    Row::new("sms_prism_rate", "Prism, which judges requests by Twilio's description: texts/s", "", 0),
    Row::new("sms_prism_part", "… part of the loop's, of the same run, %", "≥ 60", 0),
    Row::new("sms_prism_cpu_us", "… CPU of the sender per text, µs", "", 0),
    Row::new("sms_rate", "gateway that answers at once: texts/s", "", 0),
    Row::new("sms_part", "… part of the loop's, of the same run, %", "≥ 60", 0),
    Row::new("sms_cpu_us", "… CPU of the sender per text, µs", "", 0),
    Row::new("sms_one_rate", "… all of them one user's: texts/s", "", 0),
    Row::new("sms_one_part", "… part of the rate of many users, %", "", 0),
    Row::new("sms_one_cpu_us", "… CPU of the sender per text, µs", "", 0),
    Row::new("sms_distant_rate", "gateway that answers after 20 ms: texts/s", "", 0),
    Row::new("sms_distant_part", "… part of the loop's, of the same run, %", "≥ 60", 0),
    Row::new("sms_distant_cpu_us", "… CPU of the sender per text, µs", "", 0),
    Row::new("sms_scarce_sent", "10,000 of one user with credit for 100, 256 at a time: sent", "100", 0),
    Row::new("sms_scarce_rate", "… notifications/s, sent or not", "", 0),
];

/// Fitting a text; in the order of the table.
pub const FITTING: &[Row] = &[
    Row::new("fit_40_gsm_us", "40 characters, all of GSM 7-bit", "≤ 50", 1),
    Row::new("fit_40_latin_us", "… Polish, with quotes and dashes", "≤ 50", 1),
    Row::new("fit_40_cyrillic_us", "… Cyrillic", "≤ 50", 1),
    Row::new("fit_40_emoji_us", "… English with emoji", "≤ 50", 1),
    Row::new("fit_160_gsm_us", "160 characters, all of GSM 7-bit", "≤ 50", 1),
    Row::new("fit_160_latin_us", "… Polish", "≤ 50", 1),
    Row::new("fit_160_cyrillic_us", "… Cyrillic", "≤ 50", 1),
    Row::new("fit_160_emoji_us", "… English with emoji", "≤ 50", 1),
    Row::new("fit_900_gsm_us", "900 characters, all of GSM 7-bit", "≤ 50", 1),
    Row::new("fit_900_latin_us", "… Polish", "≤ 50", 1),
    Row::new("fit_900_cyrillic_us", "… Cyrillic", "≤ 50", 1),
    Row::new("fit_900_emoji_us", "… English with emoji", "≤ 50", 1),
];
