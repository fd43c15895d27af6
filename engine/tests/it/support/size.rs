//! The three sizes of Patchbay. A test inside `on_every_size!` runs on each, one inside `on_each_database!` on two.

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
        self != Self::Embedded && patchbay_test_database::server().unwrap().is_none()
    }

    pub fn postgres_url() -> String {
        patchbay_test_database::server().unwrap().expect("a size that is left out asks for no server")
    }

    pub fn amqp_url() -> String {
        std::env::var("PATCHBAY_TEST_AMQP_URL")
            .expect("PATCHBAY_TEST_AMQP_URL is set: the tests are run with `cargo xtask test`")
    }
}

/// Makes a module with a test for each of the sizes, beside the function that they run.
#[macro_export]
macro_rules! on_sizes {
    ($name:ident, $size:ident, $body:block, $($case:ident: $of:ident),*) => {
        async fn $name($size: $crate::support::size::Size) $body

        mod $name {
            use super::$name as run;
            use $crate::support::size::Size;

            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    if !Size::$of.is_left_out() {
                        run(Size::$of).await;
                    }
                }
            )*
        }
    };
}

/// What the bus has a part in: what comes, what is sent, what is lost or doubled when something fails.
#[macro_export]
macro_rules! on_every_size {
    (async fn $name:ident($size:ident: Size) $body:block) => {
        $crate::on_sizes!($name, $size, $body, embedded: Embedded, postgres: Postgres, scale: Scale);
    };
}

/// What a connector does and what is asked over HTTP: the way over the bus is tried elsewhere, on every size.
#[macro_export]
macro_rules! on_each_database {
    (async fn $name:ident($size:ident: Size) $body:block) => {
        $crate::on_sizes!($name, $size, $body, embedded: Embedded, postgres: Postgres);
    };
}
