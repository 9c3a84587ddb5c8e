//! Rows that one statement changes together: a transaction pays for each statement it sends, not for each row.

use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement, Value};

use crate::http::{Code, Problem};

/// Rows changed by one statement at most.
pub(super) const ROWS: usize = 250;

/// Sends `sql` for every [`ROWS`] of `rows`, all of one width, which stand in it as `{rows}` (`values ($3, …), …`, whose columns are `column1`,
/// `column2`, …); `shared` are its first places. Each row must change one row.
///
/// # Errors
/// `conflict` when fewer were changed: somebody else was first. Those of the database.
pub(super) async fn change_each(
    txn: &DatabaseTransaction,
    sql: &str,
    shared: &[Value],
    rows: &[Vec<Value>],
) -> Result<(), Problem> {
    for chunk in rows.chunks(ROWS) {
        let width = chunk.first().map_or(0, Vec::len);
        let sql = sql.replace("{rows}", &format!("values {}", places(shared.len() + 1, width, chunk.len())));
        let values = shared.iter().chain(chunk.iter().flatten()).cloned();
        let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
        let written = txn.execute_raw(statement).await?.rows_affected();
        if usize::try_from(written).ok() != Some(chunk.len()) {
            return Err(Problem::new(Code::Conflict));
        }
    }
    Ok(())
}

/// Rows of `width` places for values, counted from `$first`.
fn places(first: usize, width: usize, rows: usize) -> String {
    let place = |row: usize| {
        let places: Vec<String> = (0..width).map(|column| format!("${}", first + row * width + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(place).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_on() {
        assert_eq!(places(3, 2, 2), "($3, $4), ($5, $6)");
        assert_eq!(places(1, 1, 1), "($1)");
    }
}
