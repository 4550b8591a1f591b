//! The eleven cases of Apache James' dead letters that pass null: here each does not compile. Both halves of a pair
//! come from one text, so that the second can fail for nothing but the null.

/// A pair of doctests named after a case: `$call` compiles, `$null` does not (E0308: `None` is no value of the type).
macro_rules! null {
    ($case:ident: $call:literal, not $null:literal) => {
        null! { @pair $case, $call, $null,
            "use bus::{BusError, DeadLetterId, DeadLetters, Group, Message};\n\
             async fn case(\n    letters: &dyn DeadLetters, group: &Group, message: Message, id: DeadLetterId,\n\
             ) -> Result<(), BusError> {\n    letters."
        }
    };
    (@pair $case:ident, $call:literal, $null:literal, $before:literal) => {
        #[doc = concat!("```\n", $before, $call, ".await.map(drop)\n}\n```")]
        #[doc = concat!("```compile_fail,E0308\n", $before, $null, ".await.map(drop)\n}\n```")]
        #[expect(dead_code, reason = "it carries the doctests")]
        pub fn $case() {}
    };
}

null!(store_should_throw_when_null_group:
    "store_dead_letter(group, message, \"\", 1)", not "store_dead_letter(None, message, \"\", 1)");
null!(store_should_throw_when_null_event:
    "store_dead_letter(group, message, \"\", 1)", not "store_dead_letter(group, None, \"\", 1)");
null!(store_should_throw_when_both_group_and_event_and_insertion_id_are_null:
    "store_dead_letter(group, message, \"\", 1)", not "store_dead_letter(None, None, \"\", 1)");
null!(remove_should_throw_when_group_is_null:
    "remove_dead_letter(group, id)", not "remove_dead_letter(None, id)");
null!(remove_should_throw_when_insertion_id_is_null:
    "remove_dead_letter(group, id)", not "remove_dead_letter(group, None)");
null!(remove_should_throw_when_both_group_and_insertion_id_are_null:
    "remove_dead_letter(group, id)", not "remove_dead_letter(None, None)");
null!(remove_all_events_of_a_group_should_throw_when_group_is_null:
    "remove_dead_letters(group)", not "remove_dead_letters(None)");
null!(failed_event_should_throw_when_group_is_null:
    "dead_letter(group, id)", not "dead_letter(None, id)");
null!(failed_event_should_throw_when_insertion_id_is_null:
    "dead_letter(group, id)", not "dead_letter(group, None)");
null!(failed_event_should_throw_when_both_group_and_insertion_id_are_null:
    "dead_letter(group, id)", not "dead_letter(None, None)");
null!(failed_events_should_throw_when_group_is_null:
    "dead_letters(group, 1)", not "dead_letters(None, 1)");
