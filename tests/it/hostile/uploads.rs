//! Forms that are broken, too large, or not what the document says.

use std::rc::Rc;

use reqwest::Method;
use reqwest::multipart::{Form, Part};

use crate::support::owner::Owner;
use crate::support::server::TestServer;
use crate::support::suite::Suite;

/// Puts this module's tests on the list.
pub fn register(suite: &mut Suite) {
    suite
        .on_both("hostile::forms_are_refused_by_what_is_wrong_with_them", forms_are_refused_by_what_is_wrong_with_them);
    suite.on_both("hostile::large_uploads_are_refused", large_uploads_are_refused);
}

const FIELDS: [(&str, &str); 4] =
    [("kind", "passport"), ("number", "YA1234567"), ("issued_on", "2020-01-01"), ("expires_on", "2030-01-01")];

/// A form that would be taken but for its picture, with one field left out.
fn form_without(left_out: &str) -> Form {
    let fields = FIELDS.into_iter().filter(|(name, _)| *name != left_out);
    fields.fold(Form::new(), |form, (name, value)| form.text(name, value))
}

fn picture(bytes: impl Into<Vec<u8>>) -> Part {
    Part::bytes(bytes.into()).file_name("../../../../tmp/front.jpg")
}

async fn forms_are_refused_by_what_is_wrong_with_them(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let before = owner.state(&server).await;
    let path = owner.fill("/v1/activation-requests/<areq>/identity-documents");
    let jpeg = || picture(*b"\xff\xd8\xff\xe0");
    let whole = || form_without("").part("front", jpeg());
    let with = |name: &'static str, value: &str| form_without(name).text(name, value.to_owned()).part("front", jpeg());
    for (form, pointer, code) in [
        (form_without("kind").part("front", jpeg()), "/kind", "required"),
        (form_without("number").part("front", jpeg()), "/number", "required"),
        (form_without("issued_on").part("front", jpeg()), "/issued_on", "required"),
        (form_without(""), "/front", "required"),
        (with("kind", "library_card"), "/kind", "invalid_value"),
        (with("kind", "identity_card"), "/back", "required"),
        (with("number", " "), "/number", "required"),
        (with("number", &"9".repeat(31)), "/number", "length"),
        (with("number", "YA\u{0}"), "/number", "invalid_value"),
        (with("issued_on", "yesterday"), "/issued_on", "invalid_value"),
        (with("expires_on", "2030-02-30"), "/expires_on", "invalid_value"),
        (with("expires_on", "+12345-01-01"), "/expires_on", "invalid_value"),
        (whole().text("selfie", "x"), "/selfie", "unknown_field"),
        (whole().text("status", "approved"), "/status", "unknown_field"),
        (whole().text("kind", "passport"), "/kind", "repeated_field"),
        (whole().part("front", jpeg()), "/front", "repeated_field"),
        (
            form_without("number").part("number", picture(*b"\xff\xfe")).part("front", jpeg()),
            "/number",
            "invalid_value",
        ),
    ] {
        let answer = owner.caller.send_form(&path, form).await;
        assert_eq!(answer.status, 422, "for {code} at {pointer}: {}", answer.text());
        answer.refused_field(pointer, code);
    }
    for bytes in [
        &b""[..],
        b"\xff\xd8\xff\xe0",
        b"%PDF-1.7",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"BM",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\xff\xff\xff\xffWEBPVP8 ",
    ] {
        let problem = owner
            .caller
            .send_form(&path, form_without("").part("front", picture(bytes)))
            .await
            .refused(422, "invalid_fields");
        assert_eq!(problem["errors"][0]["pointer"], "/front", "{problem:#}");
    }
    owner.caller.send_form(&path, with("number", &"9".repeat(5000))).await.refused(413, "content_too_large");
    let broken = "--x\r\ncontent-disposition: form-data; name=\"kind\"\r\n\r\npassport";
    for body in ["", "--y--", broken, "--x\r\n\r\nno name\r\n--x--\r\n", "{}"] {
        let answer = owner.caller.send_bytes(Method::POST, &path, "multipart/form-data; boundary=x", body).await;
        answer.refused(400, "malformed_request");
    }
    owner
        .caller
        .send_bytes(Method::POST, &path, "multipart/form-data", "--x--")
        .await
        .refused(400, "malformed_request");
    for content_type in ["application/json", "text/plain", "image/jpeg", "application/x-www-form-urlencoded"] {
        let answer = owner.caller.send_bytes(Method::POST, &path, content_type, "{}").await;
        answer.refused(415, "unsupported_media_type");
    }
    owner.caller.send(Method::POST, &path, None).await.refused(415, "unsupported_media_type");
    assert_eq!(owner.state(&server).await, before);
}

async fn large_uploads_are_refused(server: Rc<TestServer>) {
    let owner = Owner::create(&server).await;
    let before = owner.state(&server).await;
    let path = owner.fill("/v1/activation-requests/<areq>/identity-documents");
    // Twice, so that a connection that was cut in the middle of an answer would show.
    for _ in 0..2 {
        let huge = form_without("").part("front", picture(vec![0xFF; 30 * 1024 * 1024]));
        owner.caller.send_form(&path, huge).await.refused(413, "content_too_large");
    }
    let many = (0..40).fold(form_without(""), |form, _| form.part("front", picture(vec![0xFF; 1024 * 1024])));
    owner.caller.send_form(&path, many).await.refused_field("/front", "repeated_field");
    let stray = form_without("").part("other", picture(vec![0xFF; 30 * 1024 * 1024]));
    owner.caller.send_form(&path, stray).await.refused_field("/other", "unknown_field");
    assert_eq!(owner.state(&server).await, before);
}
