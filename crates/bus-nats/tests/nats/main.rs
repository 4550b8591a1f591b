//! What lies behind the contract: what servers send and keep, and what becomes of it when they go.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod hearing;
mod interest;
mod outages;
mod provisioning;
#[path = "../support/server.rs"]
mod server;
mod support;
mod values;

/// Each of these runs against both servers.
macro_rules! on_both {
    ($($module:ident::$test:ident,)*) => {
        mod debian {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$module::$test(testkit::nats::Version::Debian).await;
                }
            )*
        }

        mod current {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$module::$test(testkit::nats::Version::Current).await;
                }
            )*
        }
    };
}

on_both! {
    hearing::what_cannot_be_read_is_counted_and_stops_nothing,
    hearing::a_gap_is_counted_and_nothing_is_told_twice,
    interest::a_node_without_a_listener_of_an_account_is_sent_nothing_of_it,
    interest::in_broadcast_mode_every_node_is_sent_everything_and_tells_its_own,
    outages::a_node_that_could_not_keep_up_converges,
    outages::a_registration_outlives_the_death_of_the_server,
    outages::an_empty_server_is_made_ready_and_filled_again,
    outages::calls_fail_at_once_while_the_server_is_away,
    outages::a_bus_that_is_started_first_is_ready_when_the_server_comes,
    provisioning::streams_are_made_once,
    provisioning::a_bound_that_changed_is_migrated,
    provisioning::a_stream_that_cannot_be_changed_is_refused,
    provisioning::subjects_of_somebody_else_are_refused,
    provisioning::an_account_without_jetstream_is_refused,
    provisioning::wrong_credentials_are_refused,
    provisioning::credentials_let_in,
    values::a_value_may_not_outlive_its_bucket,
    values::a_full_stream_says_so,
    values::a_put_whose_answer_was_lost_is_no_duplicate,
}
