//! The two languages that a customer reads, Italian by default.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

crate::text_enum!(
    /// A language of texts, mails and contracts.
    #[derive(Default)]
    Locale {
        #[default]
        Italian = "it",
        English = "en",
    }
);

/// One text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Localized {
    /// Italian.
    #[schema(value_type = String)]
    pub it: Cow<'static, str>,
    /// English.
    #[schema(value_type = String)]
    pub en: Cow<'static, str>,
}

impl Localized {
    /// A text that is written in the code.
    pub const fn fixed(it: &'static str, en: &'static str) -> Self {
        Self { it: Cow::Borrowed(it), en: Cow::Borrowed(en) }
    }

    /// The text in one language.
    pub fn get(&self, locale: Locale) -> &str {
        match locale {
            Locale::Italian => &self.it,
            Locale::English => &self.en,
        }
    }
}
