// The customer's journey, step by step as the vendor's guide tells it: what is asked and what must come back.
//
// make.mjs turns this into the folder "Journey" of the Postman collection. A request has:
//   ask       method and path as the OpenAPI document writes them; `at` fills the path, `query` the query
//   as        who asks: 'visitor', 'customer' (the default) or 'reviewer'
//   body      JSON; `form` for multipart, where '@name' is a file
//   status    the status that must come back
//   until     asked again, for some seconds, until this holds: mails and the service come from jobs
//   tests     what must hold of the `answer`
//   remember  collection variables to set: a path into the answer, or an expression
// The functions are not called here: what stands behind their arrow becomes a script in the collection, which knows
// `pm`, `answer` and `sha256`, and nothing around it; where it must, it is given as a text.

const holderAddress = { street: 'Via Roma 1', postal_code: '20121', municipality: 'Milano', province: 'MI' };
const person = { first_name: '{{first_name}}', last_name: '{{last_name}}', codice_fiscale: '{{codice_fiscale}}' };
const registration = {
  email: '{{email}}', password: '{{password}}', first_name: '{{first_name}}', last_name: '{{last_name}}',
};
const onCart = { at: { id: '{{cart_id}}' }, headers: { 'X-Cart-Token': '{{cart_token}}' } };
const onRequest = { at: { id: '{{activation_request_id}}' } };
const mailbox = { ask: 'GET /v1/sandbox/mailbox', as: 'visitor', query: { to: '{{email}}' }, status: 200 };
const checkout = {
  ask: 'POST /v1/carts/{id}/checkout', at: { id: '{{cart_id}}' }, headers: { 'Idempotency-Key': '{{checkout_key}}' },
  body: { expected_total: { amount: 0, currency: 'EUR' } }, status: 201,
};

const documents = [
  ['general_conditions', 'general conditions'],
  ['service_order', 'service order'],
  ['privacy_notice', 'privacy notice'],
  ['onerous_clauses', 'list of onerous clauses'],
];

/** The hash in the list, in the ETag and of the bytes themselves is one and the same. */
const download = ([kind, name]) => ({
  name: `Download the ${name}`,
  ask: 'GET /v1/contracts/{id}/pdf', at: { id: `{{${kind}_id}}` }, status: 200,
  tests: {
    'it is a PDF': () => pm.expect(pm.response.headers.get('Content-Type')).to.include('application/pdf'),
    'its bytes have the hash of its ETag': () => pm.expect(pm.response.headers.get('ETag')).to.equal(`"${sha256(pm.response.stream)}"`),
    'that is the hash in the list': `pm.expect(sha256(pm.response.stream)).to.equal(pm.collectionVariables.get('${kind}_sha256'))`,
  },
});

const accept = ([kind, name]) => ({
  name: `Accept the ${name}`,
  ask: 'POST /v1/contracts/{id}/acceptance', at: { id: `{{${kind}_id}}` },
  body: { document_sha256: `{{${kind}_sha256}}` }, status: 200,
  tests: { 'it is accepted': answer => pm.expect(answer.status).to.equal('accepted') },
});

export const steps = [
  {
    step: 0,
    requests: [
      {
        name: 'Make up a person', ask: 'GET /v1/sandbox/specimens/person', as: 'visitor', status: 200,
        remember: {
          first_name: 'first_name', last_name: 'last_name', sex: 'sex', birth_date: 'birth_date',
          birth_place: 'birth_place', codice_fiscale: 'codice_fiscale',
          email: () => pm.variables.replaceIn('{{$guid}}@example.com'),
          password: () => 'una frase che ricordo',
          checkout_key: () => pm.variables.replaceIn('{{$guid}}'),
        },
      },
    ],
  },
  {
    step: 1, guide: 'Confronta i piani',
    requests: [
      {
        name: 'List the plans', ask: 'GET /v1/plans', as: 'visitor', status: 200,
        tests: {
          'prices come net, with their VAT and gross': answer => pm.expect(answer.items[0].price).to.have.keys('net', 'vat_rate', 'gross'),
        },
      },
      {
        name: 'Compare the plans', ask: 'GET /v1/plan-comparison', as: 'visitor', status: 200,
        tests: {
          'every feature has a value for every plan': answer => answer.features.forEach(feature => pm.expect(feature.values).to.have.lengthOf(answer.plans.length)),
        },
      },
    ],
  },
  {
    step: 2, guide: 'Hai bisogno di gestire la fatturazione elettronica di più aziende? → Scopri di più',
    requests: [
      {
        name: 'Filter the plans by audience', ask: 'GET /v1/plans', as: 'visitor', query: { audience: 'multi_company' }, status: 200,
        tests: {
          'all are for several companies': answer => answer.items.forEach(plan => pm.expect(plan.audience).to.equal('multi_company')),
        },
      },
      {
        name: 'Show one plan', ask: 'GET /v1/plans/{id_or_slug}', at: { id_or_slug: 'legalinvoice-pro' }, as: 'visitor', status: 200,
        tests: { 'it costs something': answer => pm.expect(answer.price.gross.amount).to.be.above(0) },
        remember: { plan_id: 'id', gross: 'price.gross.amount' },
      },
    ],
  },
  {
    step: 3, guide: 'Acquista Ora',
    requests: [
      {
        name: 'Open a cart', ask: 'POST /v1/carts', as: 'visitor', body: { items: [{ plan_id: '{{plan_id}}', quantity: 1 }] }, status: 201,
        tests: { 'the summary shows the price': answer => pm.expect(answer.totals.gross.amount).to.equal(pm.collectionVariables.get('gross')) },
        remember: { cart_id: 'id', cart_token: 'token' },
      },
    ],
  },
  {
    step: 4, guide: 'Hai un codice sconto? → Applica sconto',
    requests: [
      {
        name: 'Try a code that does not exist', ask: 'PUT /v1/carts/{id}/coupon', ...onCart, as: 'visitor', body: { code: 'NESSUNO' }, status: 422,
        tests: { 'it says why': answer => pm.expect(answer.code).to.equal('coupon_not_valid') },
      },
      {
        name: 'Apply the coupon', ask: 'PUT /v1/carts/{id}/coupon', ...onCart, as: 'visitor', body: { code: 'BENVENUTO100' }, status: 200,
        tests: {
          'the amount goes to zero': answer => pm.expect(answer.totals.gross.amount).to.equal(0),
          'the discount is the net price': answer => pm.expect(answer.totals.discount.amount).to.equal(answer.totals.net.amount),
        },
      },
    ],
  },
  {
    step: 5, guide: 'Aggiungi e vai al carrello',
    requests: [
      {
        name: 'Show the cart', ask: 'GET /v1/carts/{id}', ...onCart, as: 'visitor', status: 200,
        tests: { 'an account and a billing profile are missing': answer => pm.expect(answer.missing).to.have.members(['account', 'billing_profile']) },
      },
    ],
  },
  {
    step: 6, guide: 'Crea il tuo Account InfoCert',
    requests: [
      {
        name: 'Read what is consented to', ask: 'GET /v1/consent-documents', as: 'visitor', status: 200,
        remember: {
          terms_version: answer => answer.items.find(document => document.purpose === 'terms').version,
          privacy_notice_version: answer => answer.items.find(document => document.purpose === 'privacy_notice').version,
        },
      },
      {
        name: 'Try to register without a choice on marketing', ask: 'POST /v1/accounts', as: 'visitor', status: 422,
        body: { ...registration, consents: { terms_version: '{{terms_version}}', privacy_notice_version: '{{privacy_notice_version}}' } },
        tests: { 'the choice is missing': answer => pm.expect(answer.errors.map(error => error.pointer)).to.include('/consents/marketing') },
      },
    ],
  },
  {
    step: 7, guide: 'Consenso Privacy',
    requests: [
      {
        name: 'Register with an explicit choice', ask: 'POST /v1/accounts', as: 'visitor', status: 201,
        body: { ...registration, consents: { terms_version: '{{terms_version}}', privacy_notice_version: '{{privacy_notice_version}}', marketing: 'denied' } },
        tests: { 'the account is the customer\'s': answer => pm.expect(answer.account.email).to.equal(pm.collectionVariables.get('email')) },
        remember: { access_token: 'session.access_token' },
      },
      {
        name: 'Show the choice that was kept', ask: 'GET /v1/account/consents', status: 200,
        tests: { 'marketing is denied': answer => pm.expect(answer.items.find(consent => consent.purpose === 'marketing').decision).to.equal('denied') },
      },
    ],
  },
  {
    step: 8, guide: 'Login, and back in the shop',
    requests: [
      {
        name: 'Log in', ask: 'POST /v1/sessions', as: 'visitor', body: { email: '{{email}}', password: '{{password}}' }, status: 201,
        tests: { 'the token is a bearer\'s': answer => pm.expect(answer.token_type).to.equal('Bearer') },
        remember: { access_token: 'access_token' },
      },
      {
        name: 'Claim the cart', ask: 'POST /v1/carts/{id}/claim', ...onCart, status: 200,
        tests: { 'only a billing profile is missing': answer => pm.expect(answer.missing).to.eql(['billing_profile']) },
      },
    ],
  },
  {
    step: 9, guide: 'Scegliere il metodo di pagamento',
    requests: [
      {
        name: 'List the payment methods', ask: 'GET /v1/carts/{id}/payment-methods', at: { id: '{{cart_id}}' }, status: 200,
        tests: { 'none is needed at zero': answer => pm.expect(answer.items).to.eql([]) },
      },
    ],
  },
  {
    step: 10, guide: 'Anagrafica di fatturazione → Salva',
    requests: [
      {
        name: 'Create a billing profile', ask: 'POST /v1/billing-profiles', status: 201,
        headers: { 'Idempotency-Key': '{{$guid}}' },
        body: { kind: 'person', ...person, address: holderAddress },
        tests: { 'the codice fiscale is accepted': answer => pm.expect(answer.codice_fiscale).to.equal(pm.collectionVariables.get('codice_fiscale')) },
        remember: { billing_profile_id: 'id' },
      },
      {
        name: 'Choose the billing profile', ask: 'PUT /v1/carts/{id}/billing-profile', at: { id: '{{cart_id}}' }, status: 200,
        body: { billing_profile_id: '{{billing_profile_id}}' },
        tests: { 'nothing is missing': answer => pm.expect(answer.missing).to.eql([]) },
      },
    ],
  },
  {
    step: 11, guide: 'Effettuato l\'acquisto',
    requests: [
      {
        name: 'Buy', ...checkout,
        tests: {
          'the order is confirmed': answer => pm.expect(answer.status).to.equal('confirmed'),
          'nothing is due': answer => pm.expect(answer.totals.due.amount).to.equal(0),
          'it led to one activation request': answer => pm.expect(answer.activation_requests).to.have.lengthOf(1),
        },
        remember: { order_id: 'id', order_number: 'number', activation_request_id: 'activation_requests[0].id' },
      },
      {
        name: 'Buy again with the same key', ...checkout,
        tests: { 'it is the same order': answer => pm.expect(answer.id).to.equal(pm.collectionVariables.get('order_id')) },
      },
    ],
  },
  {
    step: 12, guide: 'Verrà inviata una e-mail contenente tutte le istruzioni',
    requests: [
      {
        name: 'Wait for the mail about the order', ...mailbox,
        until: answer => answer.items.some(mail => mail.subject.includes(pm.collectionVariables.get('order_number'))),
        tests: { 'it leads to the activation': answer => pm.expect(answer.items.map(mail => mail.text).join()).to.include(`/activation/${pm.collectionVariables.get('activation_request_id')}`) },
      },
    ],
  },
  {
    step: 13, guide: 'Selezionare l\'indirizzo e-mail sul quale si riceverà l\'OTP → Procedi',
    requests: [
      {
        name: 'List the addresses on offer', ask: 'GET /v1/activation-requests/{id}/email-options', ...onRequest, status: 200,
        tests: { 'the account\'s is among them': answer => pm.expect(answer.items.map(option => option.email)).to.include(pm.collectionVariables.get('email')) },
      },
      {
        name: 'Have a code sent', ask: 'POST /v1/activation-requests/{id}/otp-challenges', ...onRequest, body: { email: '{{email}}' }, status: 201,
        tests: { 'the address is masked': answer => pm.expect(answer.destination).not.to.equal(pm.collectionVariables.get('email')) },
        remember: { otp_challenge_id: 'id' },
      },
    ],
  },
  {
    step: 14, guide: 'Procedere all\'inserimento dell\'OTP → Conferma',
    requests: [
      {
        name: 'Read the code in the mailbox', ...mailbox,
        until: answer => answer.items.some(mail => mail.otp),
        tests: { 'it has six digits': answer => pm.expect(answer.items.find(mail => mail.otp).otp).to.match(/^[0-9]{6}$/) },
        remember: { otp: answer => answer.items.find(mail => mail.otp).otp },
      },
      {
        name: 'Give the code', ask: 'POST /v1/otp-challenges/{id}/verification', at: { id: '{{otp_challenge_id}}' }, body: { code: '{{otp}}' }, status: 200,
        tests: { 'it is verified': answer => pm.expect(answer.status).to.equal('verified') },
      },
    ],
  },
  {
    step: 15, guide: 'Selezionare la tipologia intestatario',
    requests: [
      {
        name: 'List the holder types', ask: 'GET /v1/holder-types', as: 'visitor', status: 200,
        tests: { 'a person needs a codice fiscale': answer => pm.expect(answer.items.find(type => type.holder_type === 'person').fields.find(field => field.name === 'codice_fiscale').required).to.equal(true) },
      },
    ],
  },
  {
    step: 16, guide: 'I campi relativi al titolare del servizio',
    requests: [
      {
        name: 'Save the holder', ask: 'PUT /v1/activation-requests/{id}/holder', ...onRequest, status: 200,
        body: { holder_type: 'person', ...person, address: holderAddress },
        tests: { 'the applicant is due': answer => pm.expect(answer.requirements.currently_due).to.include('applicant') },
      },
    ],
  },
  {
    step: 17, guide: 'I dati della Persona Fisica richiedente',
    requests: [
      {
        name: 'Save the applicant', ask: 'PUT /v1/activation-requests/{id}/applicant', ...onRequest, status: 200,
        body: { role: 'holder', ...person, sex: '{{sex}}', birth_date: '{{birth_date}}', birth_place: '{{birth_place}}' },
        tests: { 'the applicant is no longer due': answer => pm.expect(answer.requirements.currently_due).not.to.include('applicant') },
      },
    ],
  },
  {
    step: 18, guide: 'Caricare il documento del richiedente → Aggiungi File',
    requests: [
      {
        name: 'Read what the pictures must be like', ask: 'GET /v1/identity-document-guidelines', as: 'visitor', status: 200,
        tests: { 'colour is asked for': answer => pm.expect(answer.items.map(item => item.rule)).to.include('colour') },
      },
      {
        name: 'Upload the identity document', ask: 'POST /v1/activation-requests/{id}/identity-documents', ...onRequest, status: 201,
        form: { kind: 'identity_card', number: 'CA12345AB', issued_on: '2024-05-02', expires_on: '2034-05-02', front: '@front.jpg', back: '@back.jpg' },
        tests: {
          'it waits for the reviewer': answer => pm.expect(answer.status).to.equal('pending_review'),
          'each rule was measured': answer => answer.quality.forEach(rule => pm.expect(rule).to.include.keys('rule', 'measured', 'threshold', 'verdict')),
        },
        remember: { identity_document_id: 'id' },
      },
    ],
  },
  {
    step: 19, guide: 'Consultare e scaricare i documenti contrattuali',
    requests: [
      {
        name: 'List the contracts', ask: 'GET /v1/activation-requests/{id}/contracts', ...onRequest, status: 200,
        tests: { 'there are four': answer => pm.expect(answer.items.map(contract => contract.kind)).to.have.members(['general_conditions', 'service_order', 'privacy_notice', 'onerous_clauses']) },
        remember: {
          ...Object.fromEntries(documents.map(([kind]) => [`${kind}_id`, `items.find(contract => contract.kind === '${kind}').id`])),
          ...Object.fromEntries(documents.map(([kind]) => [`${kind}_sha256`, `items.find(contract => contract.kind === '${kind}').document_sha256`])),
          clause_ids: answer => JSON.stringify(answer.items.find(contract => contract.kind === 'onerous_clauses').onerous_clauses.map(clause => clause.id)),
        },
      },
      {
        name: 'Try to accept unread', ask: 'POST /v1/contracts/{id}/acceptance', at: { id: '{{general_conditions_id}}' }, status: 409,
        body: { document_sha256: '{{general_conditions_sha256}}' },
        tests: { 'it says why': answer => pm.expect(answer.code).to.equal('contract_state_forbids') },
      },
      ...documents.map(download),
    ],
  },
  {
    step: 20, guide: 'Procedi: confermato quanto contenuto nelle Condizioni Contrattuali',
    requests: [
      ...documents.map(accept),
      {
        name: 'Approve the onerous clauses', ask: 'POST /v1/contracts/{id}/specific-approval', at: { id: '{{onerous_clauses_id}}' }, status: 200,
        body: '{ "document_sha256": "{{onerous_clauses_sha256}}", "clause_ids": {{clause_ids}} }',
        tests: { 'they are approved': answer => pm.expect(answer.status).to.equal('specifically_approved') },
      },
      {
        name: 'Submit the request', ask: 'POST /v1/activation-requests/{id}/submission', ...onRequest, status: 200,
        tests: { 'it is in review': answer => pm.expect(answer.status).to.equal('in_review') },
      },
    ],
  },
  {
    step: 21, guide: 'Rimane in fase di validazione',
    requests: [
      {
        name: 'Log in as a reviewer', ask: 'POST /v1/sessions', as: 'visitor', body: { email: 'reviewer@example.com', password: 'negozio-sandbox-2026' }, status: 201,
        remember: { reviewer_token: 'access_token' },
      },
      {
        name: 'List what is in review', ask: 'GET /v1/back-office/activation-requests', as: 'reviewer', query: { status: 'in_review' }, status: 200,
        tests: { 'the request is there': answer => pm.expect(answer.items.map(item => item.id)).to.include(pm.collectionVariables.get('activation_request_id')) },
      },
      {
        name: 'Read the request', ask: 'GET /v1/back-office/activation-requests/{id}', ...onRequest, as: 'reviewer', status: 200,
        tests: {
          'the identity document is there': answer => pm.expect(answer.identity_documents).to.have.lengthOf(1),
          'all contracts are final': answer => answer.contracts.forEach(contract => pm.expect(contract.status).to.equal('final')),
        },
      },
      {
        name: 'Claim the request', ask: 'POST /v1/back-office/activation-requests/{id}/claim', ...onRequest, as: 'reviewer', status: 200,
        tests: { 'somebody has it': answer => pm.expect(answer.reviewer_id).to.be.a('string') },
      },
      {
        name: 'Approve the request', ask: 'POST /v1/back-office/activation-requests/{id}/decision', ...onRequest, as: 'reviewer', status: 200,
        body: { outcome: 'approve', reasons: [], message: null },
        tests: { 'it is approved': answer => pm.expect(answer.status).to.equal('approved') },
      },
    ],
  },
  {
    step: 22, guide: 'Tracciare l\'esito di validazione anche nell\'area clienti',
    requests: [
      {
        name: 'Show the request', ask: 'GET /v1/activation-requests/{id}', ...onRequest, status: 200,
        tests: {
          'it is approved, or already further': answer => pm.expect(answer.status).to.be.oneOf(['approved', 'provisioning', 'active']),
          'nothing is due': answer => pm.expect(answer.requirements.currently_due).to.eql([]),
        },
      },
      {
        name: 'Show its timeline', ask: 'GET /v1/activation-requests/{id}/timeline', ...onRequest, status: 200,
        tests: { 'it has no gaps': answer => pm.expect(answer.items.map(entry => entry.sequence)).to.eql(answer.items.map((_, index) => index + 1)) },
      },
    ],
  },
  {
    step: 23, guide: 'Si riceverà una mail di conferma',
    requests: [
      {
        name: 'Wait for the mail about the approval', ...mailbox,
        until: answer => answer.items.some(mail => mail.subject.startsWith('Verifica superata')),
      },
    ],
  },
  {
    step: 24, guide: 'Al completamento si riceverà la mail di attivazione del servizio',
    requests: [
      {
        name: 'Wait for the service', ask: 'GET /v1/activation-requests/{id}', ...onRequest, status: 200,
        until: answer => answer.status === 'active',
      },
      {
        name: 'Wait for the mail about the activation', ...mailbox,
        until: answer => answer.items.some(mail => mail.subject.endsWith('è attivo')),
      },
      {
        name: 'Show the order', ask: 'GET /v1/orders/{id}', at: { id: '{{order_id}}' }, status: 200,
        tests: { 'it is active too': answer => pm.expect(answer.status).to.equal('active') },
      },
    ],
  },
  {
    step: 25, guide: 'Accedi a Legalinvoice',
    requests: [
      {
        name: 'Ask for the access link', ask: 'GET /v1/activation-requests/{id}/service-access', ...onRequest, status: 200,
        tests: {
          'it leads to the service': answer => pm.expect(answer.access_url).to.match(/^https?:\/\//),
          'the service has a reference': answer => pm.expect(answer.service_reference).to.be.a('string').and.not.empty,
        },
      },
    ],
  },
];
