//! Event ids: a cursor and, on streams that were opened with a ticket, the ticket's tag.
//!
//! `cursor`, or `cursor.tag`; the cursor is empty as long as nothing is known. A point is in neither of the two.

use crate::credential::Tag;

/// The id of an event.
pub fn join(cursor: &str, tag: Option<&Tag>) -> String {
    tag.map_or_else(|| cursor.to_owned(), |tag| format!("{cursor}.{}", tag.expose()))
}

/// The two parts of an id that a client brings back. What is no id of ours is given back whole: it is no cursor either.
pub fn split(id: &str) -> (&str, Option<Tag>) {
    let tagged = id.split_once('.').and_then(|(cursor, tag)| Some((cursor, Tag::parse(tag)?)));
    tagged.map_or((id, None), |(cursor, tag)| (cursor, Some(tag)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_come_back_as_they_were_joined(cursor in "[A-Za-z0-9_-]{0,80}", random in any::<[u8; 16]>()) {
            let tag = Tag::of(random);
            let (tagged, plain) = (join(&cursor, Some(&tag)), join(&cursor, None));
            prop_assert_eq!(split(&tagged), (cursor.as_str(), Some(tag)));
            prop_assert_eq!(split(&plain), (cursor.as_str(), None));
        }

        #[test]
        fn any_text_is_split_without_loss(id in "(?s).{0,80}|[A-Za-z0-9_.-]{0,60}") {
            let (cursor, tag) = split(&id);
            prop_assert_eq!(join(cursor, tag.as_ref()), id);
        }
    }

    #[test]
    fn an_id_with_two_points_has_no_tag() {
        let tag = Tag::of([7; 16]);
        let id = format!("AQ.{}.{}", tag.expose(), tag.expose());
        assert_eq!(split(&id), (id.as_str(), None));
    }
}
