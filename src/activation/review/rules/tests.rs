use proptest::prelude::*;

use super::*;
use crate::activation::requests::requirements::requirements;
use crate::activation::requests::rules::RequestStatus;
use crate::activation::requests::specimen;
use crate::platform::clock::Clock;

fn verdict(request: &ActivationRequest, outcome: ReviewOutcome, reasons: Vec<ReasonCode>) -> Verdict {
    let reasons = reasons.into_iter().map(|code| ReasonGiven::Usual(code).checked(0)).collect::<Result<_, _>>();
    Verdict {
        request_id: request.id,
        reviewer_id: AccountId::new(),
        outcome,
        reasons: reasons.unwrap(),
        message: None,
        internal_note: None,
        decided_at: Clock::default().now(),
    }
}

#[test]
fn under_four_eyes_two_reviewers_approve_what_was_handed_in_last() {
    let mut request = submitted();
    let first = verdict(&request, ReviewOutcome::Approve, Vec::new());
    let mut earlier = Vec::new();
    assert!(ends_review(&request, &first, &earlier, false).unwrap());
    assert!(!ends_review(&request, &first, &earlier, true).unwrap());
    let approval = Verdict { decided_at: first.decided_at.plus_seconds(1), ..first.clone() };
    earlier.push(approval.on(&request, false));
    assert!(ends_review(&request, &first, &earlier, true).is_err_and(|problem| problem.is(&SECOND_REVIEWER_NEEDED)));
    let second = verdict(&request, ReviewOutcome::Approve, Vec::new());
    assert!(ends_review(&request, &second, &earlier, true).unwrap());
    let refusal = Verdict { outcome: ReviewOutcome::Reject, ..first };
    assert!(ends_review(&request, &refusal, &earlier, true).unwrap(), "one is enough to refuse");
    request.submitted_at = Some(earlier[0].verdict.decided_at.plus_seconds(1));
    assert!(!ends_review(&request, &second, &earlier, true).unwrap(), "another submission, other approvals");
}

fn submitted() -> ActivationRequest {
    let now = Clock::default().now();
    let mut request = specimen::complete_request(now);
    request.submit(now).unwrap();
    request
}

proptest! {
    #[test]
    fn a_refusal_has_a_reason_and_a_resubmission_reopens_exactly_what_it_names(
        outcome in proptest::sample::select(ReviewOutcome::ALL),
        codes in proptest::collection::vec(proptest::sample::select(ReasonCode::ALL), 0..4),
    ) {
        let mut request = submitted();
        let verdict = verdict(&request, outcome, codes.clone());
        let decided = decide(&mut request, &verdict);
        prop_assert_eq!(decided.is_ok(), outcome == ReviewOutcome::Approve || !codes.is_empty());
        if outcome == ReviewOutcome::RequestResubmission && !codes.is_empty() {
            let today = verdict.decided_at.italian_date();
            let mut named: Vec<Requirement> = codes.iter().map(|code| code.requirement().into()).collect();
            named.sort();
            named.dedup();
            prop_assert_eq!(requirements(&request, today).currently_due, named.clone());
            for requirement in Requirement::ALL {
                let open = request.clone().begin_change(*requirement, verdict.decided_at).is_ok();
                prop_assert_eq!(open, named.contains(requirement));
            }
        }
    }
}

#[test]
fn nobody_reviews_their_own_request_or_another_reviewers() {
    let mut request = submitted();
    let mut own = verdict(&request, ReviewOutcome::Approve, Vec::new());
    own.reviewer_id = request.account_id;
    assert!(decide(&mut request, &own).unwrap_err().is(&OWN_REQUEST));
    request.reviewer_id = Some(AccountId::new());
    let other = verdict(&request, ReviewOutcome::Approve, Vec::new());
    assert!(decide(&mut request, &other).unwrap_err().is(&CLAIMED_BY_ANOTHER));
    assert_eq!(request.status, RequestStatus::InReview);
}
