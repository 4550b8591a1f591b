//! A number of things, for a person.

/// `1 segment`, `0 segments`, `2 segments`.
pub fn quantity(count: u64, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one() {
        let told = [0, 1, 2].map(|count| quantity(count, "segment"));
        assert_eq!(told, ["0 segments", "1 segment", "2 segments"]);
    }
}
