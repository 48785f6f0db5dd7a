//! Mail templates: one source a mail and language, from which the subject, the text and the HTML are made.
//!
//! A template `activation/otp` in Italian is the file `templates/it/v1/otp.jinja` of the room `activation`. It extends
//! the layout of the form being rendered (`layout.txt` or `layout.html`), whose macros (`paragraph`, `button`, `code`)
//! write the same content either way.

use std::path::PathBuf;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Serialize;

use super::Mail;
use crate::platform::locale::Locale;
use crate::platform::problem::Problem;

/// The folder of the mail templates' version: a change of wording that must be told apart makes a new one.
const VERSION: &str = "v1";

/// A mail template of a room, embedded in the binary in both languages.
#[derive(Debug, Clone, Copy)]
pub struct MailTemplate {
    /// `room/name`.
    pub name: &'static str,
    /// Italian source.
    pub it: &'static str,
    /// English source.
    pub en: &'static str,
}

/// Declares a room's mail templates: `mail_template!("activation", "otp")` embeds `templates/{it,en}/v1/otp.jinja` beside the file it stands in.
#[macro_export]
macro_rules! mail_template {
    ($room:literal, $name:literal) => {
        $crate::platform::mail::templates::MailTemplate {
            name: concat!($room, "/", $name),
            it: include_str!(concat!("templates/it/v1/", $name, ".jinja")),
            en: include_str!(concat!("templates/en/v1/", $name, ".jinja")),
        }
    };
}

/// All mail templates, compiled once.
pub struct MailTemplates {
    environment: Environment<'static>,
    client_url: String,
}

impl MailTemplates {
    /// Compiles the templates; a file `room/{it,en}/v1/name.jinja` below `overrides` replaces the built-in one.
    ///
    /// # Errors
    /// The template that does not compile, and where.
    pub fn new(templates: &[MailTemplate], overrides: Option<PathBuf>, client_url: String) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
            .set_auto_escape_callback(|name| if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None });
        let syntax =
            SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(|error| error.to_string())?;
        environment.set_syntax(syntax);
        let mut add = |name: String, source: String| {
            environment.add_template_owned(name, source).map_err(|error| format!("{error:#}"))
        };
        add("layout.txt".to_owned(), include_str!("templates/layout.txt.jinja").to_owned())?;
        add("layout.html".to_owned(), include_str!("templates/layout.html.jinja").to_owned())?;
        for template in templates {
            for locale in Locale::ALL {
                let built_in = match locale {
                    Locale::Italian => template.it,
                    Locale::English => template.en,
                };
                let source =
                    overridden(overrides.as_ref(), template.name, *locale).unwrap_or_else(|| built_in.to_owned());
                for form in ["txt", "html"] {
                    add(file_name(template.name, *locale, form), source.clone())?;
                }
            }
        }
        Ok(Self { environment, client_url })
    }

    /// Renders a mail. Templates see the fields of `data`, `client_url` and `locale`; an unknown name is an error.
    ///
    /// # Errors
    /// `internal_error` when the template does not fit the data.
    pub fn render(&self, name: &str, locale: Locale, to: &str, data: impl Serialize) -> Result<Mail, Problem> {
        let data = minijinja::Value::from(Serde(&data));
        let text = self.render_form(name, locale, "txt", &data)?;
        let html = self.render_form(name, locale, "html", &data)?;
        let subject = self.render_subject(name, locale, &data)?;
        Ok(Mail { to: to.to_owned(), subject, text, html, otp: None })
    }

    fn render_form(&self, name: &str, locale: Locale, form: &str, data: &minijinja::Value) -> Result<String, Problem> {
        let template = self.environment.get_template(&file_name(name, locale, form)).map_err(Problem::internal)?;
        template.render(self.context(locale, form, data)).map_err(Problem::internal)
    }

    fn render_subject(&self, name: &str, locale: Locale, data: &minijinja::Value) -> Result<String, Problem> {
        let template = self.environment.get_template(&file_name(name, locale, "txt")).map_err(Problem::internal)?;
        let mut captured = template.render_captured(self.context(locale, "txt", data)).map_err(Problem::internal)?;
        let subject = captured.with_state_mut(|state| state.render_block("subject")).map_err(Problem::internal)?;
        // One line, whatever a name in it holds: a line break would begin a header (RFC 5322 §2.2).
        Ok(subject.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn context(&self, locale: Locale, form: &str, data: &minijinja::Value) -> minijinja::Value {
        context! { layout => format!("layout.{form}"), locale => locale.as_str(), client_url => &self.client_url, ..data.clone() }
    }
}

fn file_name(name: &str, locale: Locale, form: &str) -> String {
    format!("{name}.{locale}.{form}")
}

fn overridden(folder: Option<&PathBuf>, name: &str, locale: Locale) -> Option<String> {
    let (room, mail) = name.split_once('/')?;
    let path = folder?.join(room).join(locale.as_str()).join(VERSION).join(format!("{mail}.jinja"));
    std::fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: MailTemplate = MailTemplate {
        name: "test/hello",
        it: "{% extends layout %}{% block subject %}Ciao {{ name }}{% endblock %}{% block body %}{{ name }}{% endblock %}",
        en: "{% extends layout %}{% block subject %}Hello {{ name }}{% endblock %}{% block body %}{% from layout import paragraph, button, code %}{{ paragraph('Dear ' ~ name) }}{{ button('Open', client_url ~ '/x') }}{{ code('123456') }}{% endblock %}",
    };

    #[test]
    fn text_and_html_say_the_same_and_html_is_escaped() {
        let templates = MailTemplates::new(&[HELLO], None, "https://shop.example".to_owned()).unwrap();
        let mail = templates
            .render("test/hello", Locale::English, "a@example.com", serde_json::json!({ "name": "<Zoë>\r\nBcc: x" }))
            .unwrap();
        assert_eq!(mail.subject, "Hello <Zoë> Bcc: x");
        assert!(
            mail.text.contains("Dear <Zoë>")
                && mail.text.contains("https://shop.example/x")
                && mail.text.contains("123456")
        );
        assert!(mail.html.contains("Dear &lt;Zoë&gt;") && mail.html.contains("123456"));
    }

    #[test]
    fn a_missing_value_is_an_error_and_not_an_empty_place() {
        let templates = MailTemplates::new(&[HELLO], None, String::new()).unwrap();
        assert!(templates.render("test/hello", Locale::English, "a@example.com", serde_json::json!({})).is_err());
    }
}
