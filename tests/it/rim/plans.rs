//! How the database looks rows up: by an index, also when it made its plan while the table was empty.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::support::TestApp;

#[actix_web::test]
async fn a_plan_that_was_made_over_an_empty_table_reads_an_index_too() {
    let app = TestApp::start().await;
    app.execute("analyze statement_entry").await.unwrap();
    let backend = app.app.db.read().get_database_backend();
    let (explain, one, column) = if app.app.db.is_sqlite() {
        ("explain query plan", "x'018900000000700080000000000000aa'", 3)
    } else {
        ("explain", "'01890000-0000-7000-8000-0000000000aa'", 0)
    };
    let some = [one; 500].join(", ");
    let asked = format!("/* test */ {explain} select id from statement_entry where order_id in ({some})");
    let rows = app.app.db.read().query_all_raw(Statement::from_string(backend, asked)).await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.try_get_by_index(column).unwrap()).collect();
    assert!(plan.iter().any(|step| step.contains("statement_entry_order")), "{plan:?}");
    if backend == DbBackend::Postgres {
        let snapshot = app.app.db.snapshot().await.unwrap();
        let asked = Statement::from_string(backend, "/* test */ show enable_seqscan");
        let free: String = snapshot.query_one_raw(asked).await.unwrap().unwrap().try_get_by_index(0).unwrap();
        assert_eq!(free, "on", "proof reads whole tables, and may read them as they lie");
        snapshot.rollback().await.unwrap();
    }
    app.stop().await;
}
