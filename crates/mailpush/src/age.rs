//! How long ago, for a person.

/// In its largest unit: `5s`, `59m`, `23h`, `2d`.
pub fn age(seconds: u64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
