//! E-mail addresses of accounts: one spelling each, so that one mailbox is one account.

/// Characters of an address (RFC 5321 §4.5.3.1.3, less the angle brackets).
const LONGEST: usize = 254;
/// Characters before the at sign (RFC 5321 §4.5.3.1.1).
const LONGEST_LOCAL_PART: usize = 64;
/// Characters of one label of a domain (RFC 1035 §2.3.4).
const LONGEST_LABEL: usize = 63;

/// The address trimmed and in small letters, if it is one: the dot-atom form of RFC 5322 §3.4.1, ASCII, with a domain
/// of two labels or more. RFC 5321 lets a server tell `A@` from `a@`, but none that people use does.
pub fn normalise(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let (local_part, domain) = text.rsplit_once('@')?;
    (is_local_part(local_part) && is_domain(domain)).then(|| text.to_ascii_lowercase())
}

/// What stands before the at sign.
pub fn local_part(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(local_part, _)| local_part)
}

fn is_local_part(text: &str) -> bool {
    let is_atom_character = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    text.len() <= LONGEST_LOCAL_PART
        && text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_character))
}

fn is_domain(text: &str) -> bool {
    let has_top_level = text.rsplit_once('.').is_some_and(|(_, top_level)| {
        // All digits would let an IPv4 address pass for a name.
        top_level.len() >= 2 && top_level.bytes().any(|byte| byte.is_ascii_alphabetic())
    });
    has_top_level && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    (1..=LONGEST_LABEL).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_mailbox_has_one_spelling() {
        assert_eq!(normalise("  Mario.Rossi+Shop@Example.COM ").as_deref(), Some("mario.rossi+shop@example.com"));
        assert_eq!(normalise("a@b.it").as_deref(), Some("a@b.it"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let refused = [
            "",
            "@",
            "a@b",
            "a@@b.it",
            "a b@c.it",
            ".a@b.it",
            "a..b@c.it",
            "a@b..it",
            "a@-b.it",
            "a@127.0.0.1",
            "à@b.it",
            "<a@b.it>",
            "a@b.it\r\nBcc: c@d.it",
            "\"a b\"@c.it",
        ];
        for text in refused {
            assert_eq!(normalise(text), None, "{text}");
        }
        assert_eq!(normalise(&format!("{}@example.com", "a".repeat(65))), None);
        assert_eq!(normalise(&format!("a@{}com", "b.".repeat(130))), None);
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "[ a-zA-Z0-9.@_-]{0,40}|\\PC{0,40}|[a-zA-Z.]{1,8}@[a-zA-Z.]{1,12}") {
            if let Some(normal) = normalise(&text) {
                prop_assert_eq!(normalise(&normal), Some(normal.clone()));
                prop_assert!(normal.parse::<lettre::Address>().is_ok(), "a mail could not be sent to {}", normal);
            }
        }
    }
}
