//! The three sizes of Patchbay. A test inside `on_every_size!` runs on each.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// SQLite, queue tables.
    Embedded,
    /// PostgreSQL, queue tables.
    Postgres,
    /// PostgreSQL and RabbitMQ.
    Scale,
}

impl Size {
    /// With `cargo xtask test --embedded-only` only the embedded size is tried.
    pub fn is_left_out(self) -> bool {
        self != Self::Embedded && std::env::var("PATCHBAY_TEST_EMBEDDED_ONLY").is_ok_and(|flag| flag == "1")
    }

    pub fn postgres_url() -> String {
        variable("PATCHBAY_TEST_POSTGRES_URL")
    }

    pub fn amqp_url() -> String {
        variable("PATCHBAY_TEST_AMQP_URL")
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set; run the tests with `cargo xtask test`, or with --embedded-only where there is no server"
        )
    })
}

/// Makes a module with a test for each size, beside the function that they run.
#[macro_export]
macro_rules! on_every_size {
    ($(#[$meta:meta])* async fn $name:ident($size:ident: Size) $body:block) => {
        async fn $name($size: $crate::support::size::Size) $body

        mod $name {
            use super::$name as run;
            use $crate::support::size::Size;

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                run(Size::Embedded).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                if !Size::Postgres.is_left_out() {
                    run(Size::Postgres).await;
                }
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread")]
            async fn scale() {
                if !Size::Scale.is_left_out() {
                    run(Size::Scale).await;
                }
            }
        }
    };
}
