//! The checker for other programs: its definition, so that they can run it themselves, and its
//! evaluation, which keeps nothing. Answers come in the body and no answer to them may be stored.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Advice, Edition, SelfHelp, Unavailable,
    checker::{Answers, Checker, Outcome, Unknown},
    contacts::{Area, Contacts, Line},
};
use crate::{
    formats::json::parse,
    http::{
        Problem, api, caching,
        openapi::{json_answer, problems},
    },
    model::{shape, whereabouts::Whereabouts},
    places,
};

/// Options that one question is answered with at most: more is a mistake.
const MOST_ANSWERS: usize = 100;

/// The routes.
pub fn routes(state: SelfHelp) -> Router {
    Router::new()
        .route("/api/v1/checker", api(get(definition)))
        .route("/api/v1/checker/evaluate", api(post(evaluate)))
        .with_state(state)
}

/// The checker and its contacts, as far as these may be given today.
async fn definition(State(state): State<SelfHelp>, headers: HeaderMap) -> Response {
    let edition = match state.in_force().await {
        Ok(edition) => edition,
        Err(reason) => return unavailable(&state, reason).await,
    };
    let mut document = edition.document.clone();
    document["contacts"] = json!(given(&edition, &state));
    if let Some(day) = edition.reviewed_on {
        document["reviewed_on"] = json!(day);
    }
    let body = document.to_string();
    let version = caching::Version { etag: caching::etag_of_bytes(body.as_bytes()), changed_at: None };
    caching::respond::<Problem>(&headers, &version, "application/json", || Ok(body.into()))
}

/// Contacts without the lines, steps, tips and order of debts that may not be given today.
fn given(edition: &Edition, state: &SelfHelp) -> Contacts {
    let chooser = edition.chooser(None, state.now());
    let mut contacts = edition.contacts.clone();
    contacts.lines.retain(|line| line.is_emergency() || chooser.may_give(&line.dated));
    contacts.actions.retain(|action| chooser.may_give(&action.dated));
    contacts.tips.retain(|tip| chooser.may_give(&tip.dated));
    contacts.first_debts.retain(|first| chooser.may_give(&first.dated));
    contacts
}

/// The request. Members with other names are refused, and so is a question that stands twice, so that a mistake
/// cannot hide that someone is in danger.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// For each question, the options that were chosen; `{}` if none were. Answers the checker does not have are
    /// not counted, and are listed in `ignored`.
    #[schemars(extend("examples" = [{"risk": ["notice"], "when": ["unsure"]}]))]
    answers: BTreeMap<String, OneOrMany>,
    /// Where the person is: a postcode, or its first half. Decides which numbers are shown. Not stored.
    #[serde(default)]
    #[schemars(extend("examples" = ["LU1 2AA"]))]
    postcode: Option<String>,
    /// Or the GSS code of their council.
    #[serde(default)]
    #[schemars(extend("examples" = ["E06000032"]))]
    council: Option<String>,
    /// Whether someone else is asking on their behalf.
    #[serde(default)]
    #[schemars(extend("examples" = [true]))]
    helper: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "CheckerAnswer")]
enum OneOrMany {
    /// One option.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// What the answers mean.
#[derive(Debug, Serialize, JsonSchema)]
struct Evaluated<'a> {
    #[serde(flatten)]
    outcome: Outcome,
    /// The heading of the level.
    #[schemars(extend("examples" = ["Get in touch with the council now"]))]
    title: &'a str,
    /// The reasons, each in a sentence or two.
    #[schemars(extend("examples" = [["You may have to leave your home within 8 weeks."]]))]
    reasons: Vec<String>,
    /// The panels of urgent help, with the numbers for where the person is.
    panels: Vec<Shown<'a>>,
    /// First steps, at most three.
    steps: Vec<Shown<'a>>,
    /// Someone to talk to: where it is an emergency, whom the urgent help names beside 999.
    talk: Vec<&'a Line>,
    /// What to say to them, where the urgent help has words for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["I have nowhere to sleep tonight. I want to make a homeless application."]))]
    talk_say: Option<&'a str>,
    /// GSS code of the council responsible for the person; missing if not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["E06000032"]))]
    council: Option<String>,
    /// Whether different numbers would be shown if the person's location were known.
    #[schemars(extend("examples" = [true]))]
    place_wanted: bool,
    /// Answers this checker does not have. They were not counted, so if there are any the level may be too low.
    ignored: Vec<Unknown>,
    /// Whether this checker is an unreviewed sample, for testing only.
    #[schemars(extend("examples" = [false]))]
    sample: bool,
}

/// A panel or a step with its numbers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CheckerShown")]
struct Shown<'a> {
    /// Id of the panel or the step.
    #[schemars(extend("examples" = ["nowhere_tonight"]))]
    id: &'a str,
    /// Heading.
    #[schemars(extend("examples" = ["Ring the council now"]))]
    title: &'a str,
    /// What to do, one paragraph per item.
    #[schemars(extend("examples" = [["Tell them that you have nowhere to sleep tonight.", "Say if you are pregnant, ill, under 18, or have children with you."]]))]
    body: Vec<&'a str>,
    /// What to say on the phone, in a sentence or two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["I have nowhere to sleep tonight. I want to make a homeless application."]))]
    say: Option<&'a str>,
    /// Who to call.
    lines: Vec<&'a Line>,
    /// Path of a page of this site that a step leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["/help/budget"]))]
    page: Option<&'a str>,
    /// Whether it was written for where the person is, as far as that is known: the law differs between the
    /// nations. If not, only the heading and who to call are given.
    #[schemars(extend("examples" = [true]))]
    holds_here: bool,
}

async fn evaluate(State(state): State<SelfHelp>, body: Result<Bytes, axum::extract::rejection::BytesRejection>) -> Response {
    let edition = match state.in_force().await {
        Ok(edition) => edition,
        Err(reason) => return unavailable(&state, reason).await,
    };
    let mut response = match answer(&state, &edition, body.ok().as_deref()).await {
        Ok(body) => (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(problem) => problem.into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn answer(state: &SelfHelp, edition: &Edition, body: Option<&[u8]>) -> Result<Vec<u8>, Problem> {
    // What was sent is never repeated in an error: errors end up in other people's logs.
    let bad = |detail: &str| Problem::bad_request(detail.to_owned());
    let body = body.ok_or_else(|| bad("the body is too long"))?;
    // A list would be taken for the members in order; of a question that stands twice only the last answers would count.
    let asked: Asked = parse(body)
        .ok()
        .filter(Value::is_object)
        .and_then(|sent| serde_json::from_value(sent).ok())
        .ok_or_else(|| bad("expected a JSON object such as {\"answers\": {\"risk\": [\"notice\"]}}, with only the members answers, postcode, council and helper, and each question once"))?;
    let answers: Answers = asked
        .answers
        .into_iter()
        .map(|(question, given)| match given {
            OneOrMany::One(option) => (question, vec![option]),
            OneOrMany::Many(options) => (question, options),
        })
        .collect();
    if answers.values().any(|options| options.len() > MOST_ANSWERS) {
        return Err(bad("a question has more than 100 options as its answer"));
    }
    // A form that passes on an empty field says nothing.
    let said = |field: Option<String>| field.filter(|text| !text.trim().is_empty());
    let chosen = match said(asked.council) {
        Some(code) => Some(
            Area::of_council(&code, &edition.contacts)
                .ok_or_else(|| bad("council is not one of the districts and unitary councils in /api/v1/checker"))?,
        ),
        None => None,
    };
    // A postcode says more surely which council it is than whoever asks for somebody.
    let lived_in = match said(asked.postcode) {
        Some(written) => {
            let at = places::postcode_in(&written).map_err(|_| bad("postcode is not a postcode or the first half of one"))?;
            state.area_of(&at).await?
        }
        None => None,
    };
    let area = lived_in.or(chosen);
    let advice = edition.advise(&answers, area.as_ref(), state.now(), asked.helper);
    let ignored = edition.checker.unknown(&answers);
    serde_json::to_vec(&evaluated(advice, ignored, edition.is_sample())).map_err(|error| Problem::internal(&error))
}

fn evaluated(advice: Advice<'_>, ignored: Vec<Unknown>, sample: bool) -> Evaluated<'_> {
    let panels = advice.panels.into_iter().map(|told| Shown {
        id: &told.panel.id,
        title: told.title,
        body: told.body.iter().map(String::as_str).collect(),
        say: told.say,
        lines: told.lines,
        page: None,
        holds_here: told.holds_here,
    });
    let steps = advice.steps.into_iter().map(|step| Shown {
        id: &step.action.id,
        title: step.title,
        body: vec![step.body],
        say: None,
        lines: step.lines,
        page: step.action.page.as_deref(),
        holds_here: true,
    });
    Evaluated {
        panels: panels.collect(),
        steps: steps.collect(),
        title: advice.title,
        reasons: advice.reasons,
        talk: advice.talk,
        talk_say: advice.talk_say,
        council: advice.chooser.area.map(|area| area.district.clone()),
        place_wanted: advice.wants_the_place,
        ignored,
        sample,
        outcome: advice.outcome,
    }
}

impl SelfHelp {
    /// The councils that answer for a postcode; none where that is not certain.
    /// # Errors
    /// When the database fails.
    pub async fn area_of(&self, at: &Whereabouts) -> Result<Option<Area>, Problem> {
        let located = places::locate(&self.db, at).await?;
        Ok(located.and_then(|located| Area::certain(located.precision, located.areas.iter().map(String::as_str))))
    }
}

/// There is no checker: said plainly, with numbers to ring.
async fn unavailable(state: &SelfHelp, reason: Unavailable) -> Response {
    let problem =
        Problem::unavailable(&format!("the support checker is not available: {}; in an emergency ring 999", reason.said()));
    let mut body = json!(problem);
    let numbers = state.numbers().await;
    let shown =
        numbers.iter().map(|line| json!({"title": line.title, "number": line.number, "hours": line.hours, "text": line.text, "only_for": line.only_for}));
    let emergency = json!({"title": "Police, ambulance and fire", "number": "999"});
    body["type"] = json!("about:blank#no-checker");
    body["title"] = json!("The support checker is not available");
    body["urgent_help"] = [emergency].into_iter().chain(shown).collect();
    let kind = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::SERVICE_UNAVAILABLE, kind, body.to_string()).into_response()
}

/// The addresses of the checker in the `OpenAPI` document, and the schemas that they use.
pub fn openapi_paths() -> (Map<String, Value>, Map<String, Value>) {
    let mut generator = shape::generator("/components/schemas");
    let named = [
        ("Checker", generator.root_schema_for::<Checker>()),
        ("CheckerContacts", generator.root_schema_for::<Contacts>()),
        ("CheckerAsked", generator.root_schema_for::<Asked>()),
        ("CheckerEvaluated", generator.root_schema_for::<Evaluated<'_>>()),
    ];
    let definitions = shape::components(generator, named);
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let common: &[(u16, &str)] = &[
        (429, "Too many requests; Retry-After says when to ask again."),
        (500, "A fault on our side."),
        (503, "There is no recently reviewed checker. `urgent_help` has numbers to call."),
    ];
    let mut definition = problems(common);
    definition.insert("304".to_owned(), json!({"description": "What the client has is still right."}));
    let with_contacts = json!({"allOf": [
        reference("Checker"),
        {"type": "object", "properties": {
            "contacts": {"$ref": "#/components/schemas/CheckerContacts", "description": "Who to call and what to do first, as far as this may be given today."},
            "reviewed_on": {"type": "string", "format": "date", "description": "The day on which every line was reviewed, YYYY-MM-DD.", "examples": ["2026-11-01"]}
        }},
    ]});
    definition.insert("200".to_owned(), json_answer("The current checker, with its contacts.", &with_contacts, &[]));
    let mut evaluated = problems(common);
    evaluated.extend(problems(&[
        (400, "The body is invalid or too long. The answer does not repeat what was sent."),
        (408, "The body stopped arriving before it was complete."),
    ]));
    let mut answer = json_answer("What the answers mean. Nothing is stored.", &reference("CheckerEvaluated"), &[]);
    if let Some(headers) = answer["headers"].as_object_mut() {
        headers.remove("ETag");
    }
    evaluated.insert("200".to_owned(), answer);
    let paths = [
        (
            "/api/v1/checker",
            json!({"get": {"operationId": "getChecker", "summary": "The support checker: questions, rules, levels and contacts", "tags": ["self-help"], "responses": definition}}),
        ),
        (
            "/api/v1/checker/evaluate",
            json!({"post": {
                "operationId": "evaluateChecker",
                "summary": "What answers to the support checker mean; nothing is stored",
                "tags": ["self-help"],
                "requestBody": {"required": true, "content": {"application/json": {"schema": reference("CheckerAsked")}}},
                "responses": evaluated
            }}),
        ),
    ];
    (paths.into_iter().map(|(path, item)| (path.to_owned(), item)).collect(), definitions)
}
