//! Writes that are sent as one: a transaction pays for each time it waits for the database, not for each row.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

/// Between two statements of one sending to SQLite; tests/tools/scans.py takes them apart by it.
const BETWEEN: &str = "; ";

/// Statements that write, each with the rows that it must write. None may depend on what another one writes: PostgreSQL shows all of them
/// the tables as they were before.
#[derive(Default)]
#[must_use = "nothing is written before `run`"]
pub struct Writes {
    parts: Vec<String>,
    values: Vec<Value>,
    rows: u64,
    told: Vec<Box<dyn FnOnce() + Send>>,
}

impl Writes {
    /// Adds a statement that writes `rows` rows if all is well.
    pub fn add(&mut self, statement: &Statement, rows: u64) {
        self.parts.push(renumbered(&statement.sql, self.values.len()));
        self.values.extend(statement.values.iter().flat_map(|values| values.0.iter().cloned()));
        self.rows += rows;
    }

    /// Has `tell` called when all was written: for the line in the log that says so.
    pub fn then(&mut self, tell: impl FnOnce() + Send + 'static) {
        self.told.push(Box::new(tell));
    }

    /// Runs them all; false when they did not write as many rows as they must: the transaction must not commit.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn run(self, connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
        let backend = connection.get_database_backend();
        if self.parts.is_empty() {
            return Ok(true);
        }
        let sql = sent_as_one(backend, &self.parts);
        let statement = Statement::from_sql_and_values(backend, sql, self.values);
        let written = if backend == DbBackend::Postgres {
            let row = connection.query_one_raw(statement).await?;
            let rows: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
            u64::try_from(rows).unwrap_or_default()
        } else {
            connection.execute_raw(statement).await?.rows_affected()
        };
        if written != self.rows {
            return Ok(false);
        }
        self.told.into_iter().for_each(|tell| tell());
        Ok(true)
    }
}

fn sent_as_one(backend: DbBackend, parts: &[String]) -> String {
    if backend != DbBackend::Postgres {
        return parts.join(BETWEEN);
    }
    let writes: Vec<String> =
        parts.iter().enumerate().map(|(index, part)| format!("w{index} as ({part} returning 1)")).collect();
    let counts: Vec<String> = (0..parts.len()).map(|index| format!("(select count(*) from w{index})")).collect();
    format!("with {} select {}", writes.join(", "), counts.join(" + "))
}

/// `sql` with its places counted from `offset`: `$1` becomes `$8` after seven values, and so does the first `?`.
fn renumbered(sql: &str, offset: usize) -> String {
    let mut out = String::with_capacity(sql.len() + 16);
    let mut rest = sql.chars().peekable();
    let (mut quote, mut unnumbered) = (None, 0);
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), _) => {
                quote = (c != open).then_some(open);
                out.push(c);
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                out.push(c);
            }
            (None, '?') => {
                unnumbered += 1;
                out.push_str(&format!("${}", offset + unnumbered));
            }
            (None, '$') => {
                let mut number = 0;
                while let Some(digit) = rest.peek().and_then(|c| c.to_digit(10)) {
                    number = number * 10 + usize::try_from(digit).unwrap_or_default();
                    rest.next();
                }
                out.push_str(&format!("${}", offset + number));
            }
            (None, _) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_on_and_words_in_quotes_are_left_alone() {
        assert_eq!(renumbered("set a = $1, b = $12 where c = '$1 ?'", 3), "set a = $4, b = $15 where c = '$1 ?'");
        assert_eq!(renumbered("values (?, ?, 'it''s ?', \"?\")", 2), "values ($3, $4, 'it''s ?', \"?\")");
    }

    #[test]
    fn each_database_gets_its_own_form() {
        let parts = ["update a set b = $1".to_owned(), "insert into c values ($2)".to_owned()];
        assert_eq!(sent_as_one(DbBackend::Sqlite, &parts), "update a set b = $1; insert into c values ($2)");
        assert_eq!(
            sent_as_one(DbBackend::Postgres, &parts),
            "with w0 as (update a set b = $1 returning 1), w1 as (insert into c values ($2) returning 1) \
             select (select count(*) from w0) + (select count(*) from w1)"
        );
    }
}
