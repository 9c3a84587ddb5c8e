//! A client that goes away in the middle: its request is dropped wherever it stands.

use huzhu::db::Db;
use huzhu::payouts::safe_mode;
use sea_orm::{ConnectionTrait, Statement};

use crate::support::TestApp;

/// Polls `future` that many times, with turns for everything else between them, and drops it.
async fn drop_after<T>(turns: usize, future: impl Future<Output = T>) {
    let mut future = std::pin::pin!(future);
    for _ in 0..turns {
        if futures_util::poll!(&mut future).is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn a_request_that_ends_at_its_begin_leaves_no_transaction_behind() {
    let app = TestApp::start().await;
    safe_mode::on_start(&app.app).await.unwrap();
    let url = app.app.config.database.url.clone().unwrap();
    let db = &app.app.db;
    for turns in 0..300 {
        drop_after(turns, db.begin()).await;
        drop_after(turns, db.snapshot()).await;
    }
    // Whatever connection of the pool they go through, others see these at once.
    let others = Db::connect(url.reveal(), 1).await.unwrap();
    for number in 1..=20_i64 {
        app.execute(&format!("update installation set beat = {number}")).await.unwrap();
        let asked = "/* test */ select beat from installation";
        let asked = Statement::from_string(others.read().get_database_backend(), asked);
        let beat: i64 = others.read().query_one_raw(asked).await.unwrap().unwrap().try_get_by_index(0).unwrap();
        assert_eq!(beat, number, "written into a transaction that nobody commits");
    }
    others.close().await.unwrap();
    app.stop().await;
}
