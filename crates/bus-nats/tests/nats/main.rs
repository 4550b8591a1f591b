//! What lies behind the contract: what servers send and keep, and what becomes of it when they go.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod healing;
mod health;
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
    healing::states_are_healed_when_their_stream_is_back_and_asked_for_once_a_round_until_then,
    hearing::what_cannot_be_read_is_counted_and_stops_nothing,
    hearing::a_gap_is_counted_and_nothing_is_told_twice,
    interest::a_node_without_a_listener_of_an_account_is_sent_nothing_of_it,
    interest::in_broadcast_mode_every_node_is_sent_everything_and_tells_its_own,
    outages::a_node_that_could_not_keep_up_converges,
    outages::a_registration_outlives_the_death_of_the_server,
    outages::an_empty_server_is_made_ready_and_filled_again,
    outages::a_server_that_is_replaced_during_healing_is_made_ready,
    outages::calls_fail_at_once_while_the_server_is_away,
    outages::a_bus_that_is_started_first_is_ready_when_the_server_comes,
    provisioning::streams_are_made_once,
    health::a_permission_that_is_missing_is_named_at_once,
    health::what_may_not_be_heard_is_told,
    health::why_the_server_is_away_is_told,
    health::a_stream_that_is_gone_is_told,
    provisioning::a_node_works_with_other_bounds_and_leaves_them,
    provisioning::a_node_mends_what_would_break_a_promise,
    provisioning::an_order_makes_what_is_missing_once,
    provisioning::an_order_raises_a_bound_and_lowers_one_only_when_that_is_meant,
    provisioning::no_order_drops_what_is_stored,
    provisioning::replicas_that_the_server_cannot_have_are_told,
    provisioning::a_store_that_is_too_small_is_named,
    provisioning::a_node_with_another_key_is_refused_and_stores_nothing,
    provisioning::a_key_is_replaced_by_order_only,
    provisioning::a_node_is_named_where_connections_are_listed,
    provisioning::a_stream_that_cannot_be_changed_is_refused,
    provisioning::subjects_of_somebody_else_are_refused,
    provisioning::an_account_without_jetstream_is_refused,
    provisioning::wrong_credentials_are_refused,
    provisioning::credentials_let_in,
    values::a_value_may_not_outlive_its_bucket,
    values::a_full_stream_says_so,
    values::a_put_whose_answer_was_lost_is_no_duplicate,
}
