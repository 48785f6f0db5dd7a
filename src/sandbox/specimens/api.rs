//! `/v1/sandbox/specimens`: people and pictures that do not exist, for whoever tries the journey out.

use actix_web::{HttpResponse, get, web};
use chrono::{Days, NaiveDate};
use negozio_pictures::specimen::{PhotoClass, photograph};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::activation::identity_documents::rules::Side;
use crate::activation::requests::holder::Sex;
use crate::italy::codice_fiscale::{CodiceFiscale, Sex as CodeSex};
use crate::platform::Platform;
use crate::platform::crypto::random_bytes;
use crate::platform::http::body::ValidQuery;
use crate::platform::http::openapi::Binary;
use crate::platform::problem::Problem;
use crate::sandbox::extract::Tester;

const FIRST_NAMES: [(&str, Sex); 8] = [
    ("Mario", Sex::Male),
    ("Luca", Sex::Male),
    ("Giovanni", Sex::Male),
    ("Paolo", Sex::Male),
    ("Anna", Sex::Female),
    ("Giulia", Sex::Female),
    ("Chiara", Sex::Female),
    ("Elena", Sex::Female),
];
const LAST_NAMES: [&str; 8] = ["Rossi", "Bianchi", "Verdi", "Ferrari", "Esposito", "Ricci", "Moretti", "Conti"];
const PLACES: [(&str, &str); 6] = [
    ("Roma", "H501"),
    ("Milano", "F205"),
    ("Napoli", "F839"),
    ("Torino", "L219"),
    ("Firenze", "D612"),
    ("San Giuliano Terme", "A562"),
];
const FIRST_BIRTH: NaiveDate = NaiveDate::from_ymd_opt(1950, 1, 1).unwrap();
/// Fifty years: everybody is an adult.
const BIRTH_DAYS: u64 = 18_262;

/// Somebody who does not exist, with a codice fiscale that agrees with name, birth and sex.
#[derive(Serialize, ToSchema)]
pub struct SpecimenPerson {
    #[schema(example = "Mario")]
    first_name: &'static str,
    #[schema(example = "Rossi")]
    last_name: &'static str,
    sex: Sex,
    birth_date: NaiveDate,
    #[schema(example = "Roma")]
    birth_place: &'static str,
    #[schema(example = "RSSMRA85T10A562S")]
    codice_fiscale: String,
}

/// Which page.
#[derive(Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SideQuery {
    /// Front or back.
    #[serde(default = "front")]
    #[param(inline, default = "front")]
    side: Side,
}

fn front() -> Side {
    Side::Front
}

/// Invents a person
///
/// Another one at each call: a plan is activated once a holder.
#[utoipa::path(tag = "sandbox", responses((status = 200, description = "The person", body = SpecimenPerson)))]
#[get("/sandbox/specimens/person")]
pub async fn invent_specimen_person(_tester: Tester) -> Result<HttpResponse, Problem> {
    let person = person_of(&random_bytes::<12>()?)?;
    Ok(HttpResponse::Ok().json(person))
}

fn person_of(bytes: &[u8; 12]) -> Result<SpecimenPerson, Problem> {
    let [name, surname, place, days @ ..] = *bytes;
    let days = days.iter().fold(0, |sum: u64, byte| (sum << 8 | u64::from(*byte)) % 1_000_000_007);
    let (first_name, sex) = FIRST_NAMES[usize::from(name) % FIRST_NAMES.len()];
    let last_name = LAST_NAMES[usize::from(surname) % LAST_NAMES.len()];
    let (birth_place, place_code) = PLACES[usize::from(place) % PLACES.len()];
    let birth_date = FIRST_BIRTH.checked_add_days(Days::new(days % BIRTH_DAYS)).unwrap_or(FIRST_BIRTH);
    let code_sex = if sex == Sex::Female { CodeSex::Female } else { CodeSex::Male };
    let code = CodiceFiscale::encode(last_name, first_name, birth_date, code_sex, place_code);
    let codice_fiscale = code.map_err(Problem::internal)?.as_str().to_owned();
    Ok(SpecimenPerson { first_name, last_name, sex, birth_date, birth_place, codice_fiscale })
}

/// Draws a picture of an identity card
///
/// A good one, to upload: in colour, on a light background, all borders visible.
#[utoipa::path(tag = "sandbox", params(SideQuery), responses((status = 200, description = "The picture", body = Binary, content_type = "image/jpeg")))]
#[get("/sandbox/specimens/identity-card")]
pub async fn draw_specimen_identity_card(
    platform: web::Data<Platform>,
    _tester: Tester,
    query: ValidQuery<SideQuery>,
) -> Result<HttpResponse, Problem> {
    // Both pages are drawn alike: what is measured is the photograph.
    let name = query.0.side;
    let picture = platform.picture_bench.run(|| photograph(PhotoClass::White, 1)).await?;
    Ok(HttpResponse::Ok()
        .content_type("image/jpeg")
        .insert_header(("Content-Disposition", format!("inline; filename=\"identity-card-{name}.jpg\"")))
        .body(picture))
}

/// Mounts the specimens.
pub fn routes(config: &mut ServiceConfig) {
    config.service(invent_specimen_person).service(draw_specimen_identity_card);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whoever_is_invented_agrees_with_their_code(bytes in any::<[u8; 12]>()) {
            let person = person_of(&bytes).unwrap();
            let code = CodiceFiscale::parse(&person.codice_fiscale).unwrap();
            let sex = if person.sex == Sex::Female { CodeSex::Female } else { CodeSex::Male };
            let disagreements = code.cross_check(person.first_name, person.last_name, person.birth_date, sex);
            prop_assert!(disagreements.is_empty());
        }
    }
}
