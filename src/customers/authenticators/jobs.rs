//! The mails that tell an account's owner what becomes of the second factor.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::store::recovery_codes;
use crate::customers::accounts;
use crate::customers::accounts::rules::AccountId;
use crate::platform::Platform;
use crate::platform::clock::Time;
use crate::platform::jobs::{Failure, Job, JobId};
use crate::platform::mail::templates::MailTemplate;

/// The templates.
pub const MAIL_TEMPLATES: [MailTemplate; 6] = [
    crate::mail_template!("authenticators", "added"),
    crate::mail_template!("authenticators", "removed"),
    crate::mail_template!("authenticators", "removed_for_owner"),
    crate::mail_template!("authenticators", "codes_replaced"),
    crate::mail_template!("authenticators", "code_used"),
    crate::mail_template!("authenticators", "guessed"),
];

crate::text_enum!(
    /// What happened.
    Notice {
        Added = "added",
        Removed = "removed",
        RemovedForOwner = "removed_for_owner",
        CodesReplaced = "codes_replaced",
        CodeUsed = "code_used",
        Guessed = "guessed",
    }
);

/// Owes an account the news of its second factor.
#[derive(Serialize, Deserialize)]
pub struct SecondFactorMail {
    /// Whose.
    pub account_id: AccountId,
    /// What happened.
    pub notice: Notice,
    /// When.
    pub happened_at: Time,
}

impl Job for SecondFactorMail {
    const KIND: &'static str = "second_factor_mail";
}

/// Sends the mail; an account that was erased meanwhile gets none.
///
/// # Errors
/// When the mail cannot be sent now.
pub async fn send(platform: Arc<Platform>, job_id: JobId, job: SecondFactorMail) -> Result<(), Failure> {
    let id = job.account_id;
    let found = platform
        .db
        .read(move |connection| {
            Ok((accounts::store::find(connection, id)?, recovery_codes::count_left(connection, id)?))
        })
        .await?;
    let (Some(account), left) = found else { return Ok(()) };
    let data = json!({
        "first_name": account.first_name,
        "day": accounts::jobs::day_of(job.happened_at, account.locale),
        "left": left,
        "reset_url": format!("{}/password-reset", platform.client_url),
    });
    accounts::jobs::send(&platform, job_id, &format!("authenticators/{}", job.notice), &account, data).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::locale::Locale;
    use crate::platform::mail::templates::MailTemplates;

    #[test]
    fn each_notice_is_written_in_both_languages() {
        let templates = MailTemplates::new(&MAIL_TEMPLATES, None, "https://shop.example".to_owned()).unwrap();
        let link = "https://shop.example/password-reset";
        let data = json!({ "first_name": "<Mario>", "day": "24/11/2026", "left": 1, "reset_url": link });
        for notice in Notice::ALL {
            for locale in Locale::ALL {
                let name = format!("authenticators/{notice}");
                let mail = templates.render(&name, *locale, "a@example.com", &data).unwrap();
                assert!(!mail.subject.is_empty() && mail.text.contains("<Mario>"), "{name}");
                assert!(mail.text.contains("24/11/2026") && mail.text.contains(link), "{name}");
                assert!(mail.html.contains("&lt;Mario&gt;"), "{name}");
            }
        }
    }
}
