// Uses Swagger UI as a person would, in a real browser: tries a public operation, logs in, authorises, tries a protected one.
//
//   node tests/peers/swagger_ui.mjs http://127.0.0.1:8080 SCREENSHOT_FOLDER
//
// playwright-core is looked for in NEGOZIO_TOOLS. A console error or a request to any other host fails the run.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [base, shots] = process.argv.slice(2);
assert(base && shots, 'usage: swagger_ui.mjs BASE_URL SCREENSHOT_FOLDER');
const { chromium } = createRequire(join(process.env.NEGOZIO_TOOLS ?? '.', 'node_modules', 'any.js'))('playwright-core');

const CUSTOMER = { email: 'customer@example.com', password: 'negozio-sandbox-2026' };
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

const wrong = [];
const profile = mkdtempSync(join(tmpdir(), 'swagger-ui-'));
mkdirSync(shots, { recursive: true });
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS, viewport: { width: 1280, height: 900 },
});
try {
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(20_000);
  page.on('console', message => message.type() === 'error' && wrong.push(`console: ${message.text()}`));
  page.on('pageerror', error => wrong.push(`page: ${error.message}`));
  page.on('requestfailed', request => wrong.push(`failed: ${request.method()} ${request.url()}`));
  page.on('request', request => {
    const address = request.url();
    if (!address.startsWith(`${base}/`) && !/^(data|blob):/.test(address)) wrong.push(`left the host: ${address}`);
  });

  await page.goto(`${base}/swagger-ui/`);
  await page.locator('.opblock').first().waitFor();
  await page.screenshot({ path: join(shots, '1-overview.png') });

  const plans = await execute(page, 'get', '/v1/plans');
  assert.equal(plans.status, 200);
  assert(plans.body.items.some(plan => plan.slug === 'legalinvoice-pro'), 'the plans are shown');
  await page.screenshot({ path: join(shots, '2-plans.png') });

  const session = await execute(page, 'post', '/v1/sessions', JSON.stringify(CUSTOMER));
  assert.equal(session.status, 201);
  await authorise(page, session.body.access_token);

  const account = await execute(page, 'get', '/v1/account');
  assert.equal(account.status, 200);
  assert.equal(account.body.email, CUSTOMER.email);
  await page.screenshot({ path: join(shots, '4-account.png') });
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
assert.deepEqual(wrong, []);
console.log('Swagger UI: a public and a protected operation were tried; nothing left the host');

/** Opens an operation, fills its body, executes it, and answers what the page shows as the server's response. */
async function execute(page, method, path, body) {
  const operation = page.locator(`.opblock-${method}`).filter({ has: page.locator(`.opblock-summary-path[data-path="${path}"]`) });
  await operation.locator('.opblock-summary-control').click();
  const tryOut = operation.getByRole('button', { name: 'Try it out' });
  if (await tryOut.isVisible()) await tryOut.click();
  if (body) await operation.locator('textarea.body-param__text').fill(body);
  await operation.locator('button.execute').click();
  const response = operation.locator('.live-responses-table .response').first();
  await response.scrollIntoViewIfNeeded();
  const status = Number((await response.locator('.response-col_status').innerText()).trim().split(/\s/)[0]);
  const text = await response.locator('.highlight-code').first().innerText();
  return { status, body: JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) };
}

/** Pastes a token into the dialog behind "Authorize". */
async function authorise(page, token) {
  await page.locator('.scheme-container button.authorize').click();
  const dialog = page.locator('.dialog-ux .modal-ux');
  const bearer = dialog.locator('.auth-container').filter({ hasText: 'bearer' }).first();
  await bearer.locator('input').fill(token);
  await bearer.getByRole('button', { name: 'Apply credentials' }).or(bearer.locator('button.authorize')).first().click();
  await page.screenshot({ path: join(shots, '3-authorised.png') });
  await dialog.locator('button.close-modal').click();
}
