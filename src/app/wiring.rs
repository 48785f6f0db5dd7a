//! The state of all rooms, and who listens to what.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use tokio::sync::watch;

use super::{demo, keys, outside, telemetry};
use crate::activation::contracts::rendering::ContractTemplates;
use crate::activation::limits::ActivationLimits;
use crate::activation::otp_challenges::jobs::OtpMail;
use crate::activation::provisioning::client::ProvisioningClient;
use crate::activation::provisioning::jobs::{ProvisionService, RecallService, TerminateService};
use crate::activation::representatives::jobs::RepresentativeMail;
use crate::activation::requests::jobs::ActivationMail;
use crate::activation::requests::streams::{EventStreams, StreamLimits};
use crate::customers::authenticators::jobs::SecondFactorMail;
use crate::customers::billing_profiles::client::ViesClient;
use crate::customers::billing_profiles::jobs::CheckVatNumber;
use crate::customers::limits::CustomerLimits;
use crate::customers::privacy::{self, Privacy};
use crate::customers::sessions::gate::SessionGate;
use crate::platform::Platform;
use crate::platform::auth::passwords::Passwords;
use crate::platform::auth::tokens::Tokens;
use crate::platform::clock::Clock;
use crate::platform::config::Config;
use crate::platform::crypto::Keyring;
use crate::platform::db::Db;
use crate::platform::documents::Documents;
use crate::platform::events::Events;
use crate::platform::http::client::Outbound;
use crate::platform::jobs::runner::Handlers;
use crate::platform::mail::Mailer;
use crate::platform::mail::client::Smtp;
use crate::platform::mail::templates::{MailTemplate, MailTemplates};
use crate::platform::problem::Problem;
use crate::platform::storage::{EraseFile, Storage};
use crate::platform::workbench::Workbench;
use crate::platform::{idempotency, jobs};
use crate::sandbox::payments::client::NotificationSender;
use crate::sandbox::payments::jobs::TellRefund;
use crate::sandbox::reset::DemoLoader;
use crate::shop::ShopLimits;
use crate::shop::invoices::jobs::IssueDocument;
use crate::shop::orders::jobs::OrderMail;
use crate::shop::orders::receipt::ReceiptTemplates;
use crate::shop::payments::gateways::Gateways;
use crate::shop::payments::jobs::{AskAboutPayment, ClosePage, OpenPage};
use crate::shop::payments::refunds::jobs::{MakeRefund, RefundMail};
use crate::shop::plans::catalogue::Catalogue;
use crate::shop::provider::Seller;
use crate::shop::withdrawals::jobs::WithdrawalMail;
use crate::{activation, customers, platform, sandbox, shop};

/// Deadlines and the catalogue are looked at this often.
const OFTEN: Duration = Duration::from_secs(1);
/// What only a crash leaves behind.
const SOMETIMES: Duration = Duration::from_secs(10);
/// What merely takes room.
const SELDOM: Duration = Duration::from_secs(3600);
/// What is looked through from end to end.
const DAILY: Duration = Duration::from_secs(24 * 3600);
/// Seconds that a finished job is kept.
const JOBS_KEPT: i64 = 30 * 24 * 3600;

/// What handlers and jobs share; clones share it.
#[derive(Clone)]
pub struct Rooms {
    /// The parts that every room works with.
    pub platform: web::Data<Platform>,
    catalogue: web::Data<Catalogue>,
    gateways: web::Data<Gateways>,
    customer_limits: web::Data<CustomerLimits>,
    session_gate: web::Data<SessionGate>,
    /// Who follows activation requests.
    pub event_streams: web::Data<EventStreams>,
    privacy: web::Data<Privacy>,
    shop_limits: web::Data<ShopLimits>,
    activation_limits: web::Data<ActivationLimits>,
    demo_loader: web::Data<DemoLoader>,
    seller: Arc<Seller>,
    receipt_templates: web::Data<ReceiptTemplates>,
    contract_templates: web::Data<ContractTemplates>,
    provisioning: web::Data<ProvisioningClient>,
    notification_sender: web::Data<NotificationSender>,
    vies: web::Data<ViesClient>,
}

impl Rooms {
    /// Opens everything that a configuration names.
    ///
    /// # Errors
    /// What could not be opened, naming the variable that says so.
    pub async fn open(config: Config, address: SocketAddr) -> Result<Self, String> {
        telemetry::start_metrics();
        let outbound = Outbound::new()?;
        let seller = Arc::new(outside::seller(&config)?);
        let platform = web::Data::new(open_platform(config, address, &seller)?);
        let failed = |problem: platform::problem::Problem| format!("the database cannot be read: {problem}");
        if platform.config.is_sandbox() {
            let advanced =
                platform.db.read(|connection| Ok(sandbox::clock::store::advanced_seconds(connection)?)).await;
            platform.clock.set_advanced(advanced.map_err(failed)?);
            demo::load(&platform).await.map_err(failed)?;
        }
        let catalogue =
            Catalogue::load(&platform.db, shop::plans::api::render, platform.clock.now()).await.map_err(failed)?;
        let catalogue = web::Data::new(catalogue);
        Ok(Self {
            demo_loader: web::Data::new(demo_loader(&catalogue)),
            activation_limits: web::Data::new(ActivationLimits::new(&platform.config)),
            catalogue,
            gateways: web::Data::new(outside::gateways(&platform, &outbound)?),
            customer_limits: web::Data::new(CustomerLimits::new(&platform.config)),
            session_gate: web::Data::new(SessionGate::default()),
            event_streams: web::Data::new(EventStreams::new(StreamLimits::default())),
            privacy: web::Data::new(personal_data()),
            shop_limits: web::Data::new(ShopLimits::new(&platform.config)),
            receipt_templates: web::Data::new(outside::receipt_templates(&platform.config, &seller)?),
            contract_templates: web::Data::new(outside::contract_templates(&platform.config, &seller)?),
            provisioning: web::Data::new(outside::provisioning_client(&platform, &outbound)?),
            notification_sender: web::Data::new(NotificationSender::new(&outbound)),
            vies: web::Data::new(outside::vies_client(&platform, &outbound, &seller)),
            seller,
            platform,
        })
    }

    /// The ways to pay.
    pub fn gateways(&self) -> Arc<Gateways> {
        self.gateways.clone().into_inner()
    }

    /// Gives the handlers what they ask for.
    pub fn provide(&self, config: &mut web::ServiceConfig) {
        config
            .app_data(self.platform.clone())
            .app_data(self.catalogue.clone())
            .app_data(self.gateways.clone())
            .app_data(self.customer_limits.clone())
            .app_data(self.session_gate.clone())
            .app_data(self.event_streams.clone())
            .app_data(self.privacy.clone())
            .app_data(self.shop_limits.clone())
            .app_data(self.receipt_templates.clone())
            .app_data(self.contract_templates.clone())
            .app_data(self.activation_limits.clone())
            .app_data(self.demo_loader.clone())
            .app_data(self.notification_sender.clone());
    }

    /// Keeps the catalogue in memory as the database has it, until `stopped` turns true: plans that another process has
    /// changed, and prices whose time has come. Whoever serves does so, whether it runs jobs or not.
    pub async fn keep_catalogue_fresh(self, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            if let Err(problem) = self.catalogue.refresh(&self.platform.db, self.platform.clock.now()).await {
                tracing::warn!(%problem, "the catalogue could not be read");
            }
            tokio::select! {
                _ = stopped.changed() => {}
                () = tokio::time::sleep(OFTEN) => {}
            }
        }
    }

    /// Who handles which jobs, and what is done at regular intervals.
    pub fn job_handlers(&self) -> Handlers {
        let mut handlers = Handlers::default();
        let platform = self.platform.clone().into_inner();
        let (shared, seller) = (platform.clone(), self.seller.clone());
        handlers.on(move |id, job: OrderMail| shop::orders::jobs::send(shared.clone(), seller.clone(), id, job));
        let (shared, seller) = (platform.clone(), self.seller.clone());
        handlers.on(move |_, job: IssueDocument| shop::invoices::jobs::issue(shared.clone(), seller.clone(), job));
        let shared = platform.clone();
        handlers.regularly("owe missing invoices", DAILY, move || {
            shop::invoices::jobs::owe_missing_documents(shared.clone())
        });
        let shared = platform.clone();
        handlers.on(move |id, job: RefundMail| shop::payments::refunds::jobs::send(shared.clone(), id, job));
        let (shared, gateways) = (platform.clone(), self.gateways.clone().into_inner());
        handlers
            .on(move |_, job: MakeRefund| shop::payments::refunds::jobs::make(shared.clone(), gateways.clone(), job));
        let (shared, sender) = (platform.clone(), self.notification_sender.clone().into_inner());
        handlers.on(move |_, job: TellRefund| sandbox::payments::jobs::tell(shared.clone(), sender.clone(), job));
        customers::accounts::jobs::register(&mut handlers, &platform);
        let shared = platform.clone();
        handlers.on(move |id, job: SecondFactorMail| customers::authenticators::jobs::send(shared.clone(), id, job));
        let shared = platform.clone();
        handlers.on(move |id, job: OtpMail| activation::otp_challenges::jobs::send(shared.clone(), id, job));
        let shared = platform.clone();
        handlers
            .on(move |id, job: RepresentativeMail| activation::representatives::jobs::send(shared.clone(), id, job));
        let shared = platform.clone();
        handlers.on(move |id, job: ActivationMail| activation::requests::jobs::send(shared.clone(), id, job));
        let (shared, client) = (platform.clone(), self.provisioning.clone().into_inner());
        handlers.on(move |_, job: ProvisionService| {
            activation::provisioning::jobs::provision(shared.clone(), client.clone(), job)
        });
        let client = self.provisioning.clone().into_inner();
        handlers.on(move |_, job: TerminateService| activation::provisioning::jobs::terminate(client.clone(), job));
        let (shared, client) = (platform.clone(), self.provisioning.clone().into_inner());
        handlers.on(move |_, job: RecallService| {
            activation::provisioning::jobs::recall(shared.clone(), client.clone(), job)
        });
        let shared = platform.clone();
        handlers.on(move |id, job: WithdrawalMail| shop::withdrawals::jobs::send(shared.clone(), id, job));
        let (shared, client) = (platform.clone(), self.vies.clone().into_inner());
        handlers.on(move |_, job: CheckVatNumber| {
            customers::billing_profiles::jobs::check(shared.clone(), client.clone(), job)
        });
        let shared = platform.clone();
        handlers.regularly("check VAT numbers again", SELDOM, move || {
            customers::billing_profiles::jobs::check_again(shared.clone())
        });
        let shared = platform.clone();
        handlers.regularly("forget closed carts", SELDOM, move || shop::carts::jobs::forget_closed(shared.clone()));
        let shared = platform.clone();
        handlers.regularly("expire what is overdue", OFTEN, move || shop::orders::jobs::expire_overdue(shared.clone()));
        let shared = platform.clone();
        handlers.on(move |_, job: EraseFile| {
            let platform = shared.clone();
            async move { platform.storage.erase(&job).await }
        });
        let shared = platform.clone();
        handlers.regularly("take provisioning up again", SELDOM, move || {
            activation::provisioning::jobs::take_up_again(shared.clone())
        });
        let shared = platform.clone();
        handlers.regularly("look after unfinished requests", SELDOM, move || {
            activation::requests::jobs::look_after_unfinished(shared.clone())
        });
        let shared = platform.clone();
        handlers.regularly("purge identity documents", SELDOM, move || {
            activation::identity_documents::jobs::purge_overdue(shared.clone())
        });
        let shared = platform.clone();
        handlers.regularly("forget old answers and jobs", SELDOM, move || forget_old(shared.clone()));
        let (shared, gateways) = (platform.clone(), self.gateways.clone().into_inner());
        handlers.on(move |_, job: ClosePage| shop::payments::jobs::close_page(shared.clone(), gateways.clone(), job));
        let (shared, gateways) = (platform.clone(), self.gateways.clone().into_inner());
        handlers.on(move |_, job: OpenPage| shop::payments::jobs::open_page(shared.clone(), gateways.clone(), job));
        let (shared, gateways) = (platform.clone(), self.gateways.clone().into_inner());
        handlers.on(move |_, job: AskAboutPayment| shop::payments::jobs::ask(shared.clone(), gateways.clone(), job));
        let shared = platform.clone();
        handlers.regularly("ask about unsettled payments", SELDOM, move || {
            shop::payments::jobs::owe_questions(shared.clone())
        });
        handlers.regularly("open forgotten payment pages", SOMETIMES, move || {
            shop::payments::jobs::owe_forgotten_pages(platform.clone())
        });
        handlers
    }
}

/// Forgets idempotent answers after their 24 hours and finished jobs after a month.
async fn forget_old(platform: Arc<Platform>) -> Result<(), Problem> {
    let now = platform.clock.now();
    platform
        .db
        .write(move |tx| {
            idempotency::purge(tx, now)?;
            jobs::store::purge_done(tx, now.plus_seconds(-JOBS_KEPT))?;
            Ok(())
        })
        .await
}

/// What a sandbox that starts afresh loads: the demo data, and the catalogue that is kept of them in memory.
fn demo_loader(catalogue: &web::Data<Catalogue>) -> DemoLoader {
    let catalogue = catalogue.clone();
    DemoLoader::new(move |platform| {
        let catalogue = catalogue.clone();
        async move {
            demo::load(&platform).await?;
            catalogue.refresh(&platform.db, platform.clock.now()).await
        }
    })
}

/// Who listens to which domain events.
fn events(seller: &Arc<Seller>) -> Events {
    let mut events = Events::default();
    let seller = seller.clone();
    events.subscribe(move |tx, event, now| shop::invoices::flow::on_order_confirmed(tx, &seller, event, now));
    events.subscribe(shop::invoices::flow::on_refund_succeeded);
    events.subscribe(activation::requests::flow::open_for_order);
    events.subscribe(activation::requests::flow::end_for_order);
    events
}

/// Who holds personal data; later rooms first, and an account's carts before its orders (see [`shop::privacy::CartData`]).
fn personal_data() -> Privacy {
    Privacy::new(vec![
        Box::new(activation::privacy::ActivationData),
        Box::new(shop::privacy::CartData),
        Box::new(shop::privacy::OrderData),
        Box::new(privacy::BillingProfileData),
        Box::new(privacy::ConsentData),
        Box::new(privacy::AuthenticatorData),
        Box::new(privacy::SessionData),
        Box::new(privacy::AccountData),
    ])
}

/// The mail templates of all rooms.
fn mail_templates() -> Vec<MailTemplate> {
    [
        customers::accounts::jobs::MAIL_TEMPLATES.as_slice(),
        &customers::authenticators::jobs::MAIL_TEMPLATES,
        &activation::otp_challenges::jobs::MAIL_TEMPLATES,
        &activation::representatives::jobs::MAIL_TEMPLATES,
        &activation::requests::jobs::MAIL_TEMPLATES,
        &shop::orders::jobs::MAIL_TEMPLATES,
        &shop::withdrawals::jobs::MAIL_TEMPLATES,
        &shop::payments::refunds::jobs::MAIL_TEMPLATES,
    ]
    .concat()
}

fn open_platform(config: Config, address: SocketAddr, seller: &Arc<Seller>) -> Result<Platform, String> {
    std::fs::create_dir_all(&config.data_dir).map_err(|error| format!("NEGOZIO_DATA_DIR: {error}"))?;
    let db = Db::open(&config.database_url, true).map_err(|error| format!("DATABASE_URL: {error}"))?;
    let keys = Keyring::new(keys::master_key(&config)?);
    let tokens = Tokens::new(&keys::token_key(&config)?).map_err(|error| format!("NEGOZIO_TOKEN_KEY: {error}"))?;
    let storage = Storage::local(&config.data_dir.join("files"), keys.clone())
        .map_err(|error| format!("NEGOZIO_DATA_DIR: {error}"))?;
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let client_url = config.client_url.clone().unwrap_or_else(|| public_url.clone());
    let smtp = config.smtp_url.as_ref().map(|url| Smtp::new(&url.0, config.mail_from.clone())).transpose()?;
    let mailbox = config.is_sandbox().then(|| db.clone());
    Ok(Platform {
        passwords: Passwords::start().map_err(|problem| problem.to_string())?,
        mail_templates: MailTemplates::new(&mail_templates(), config.templates_dir.clone(), client_url.clone())?,
        mailer: Mailer::new(smtp, mailbox),
        documents: Documents::new(),
        document_bench: Workbench::new(1, 32),
        picture_bench: Workbench::new(2, 32),
        clock: Clock::default(),
        events: events(seller),
        db,
        keys,
        tokens,
        storage,
        public_url,
        client_url,
        config,
    })
}
