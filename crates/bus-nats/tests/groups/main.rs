//! Groups behind the contract: workers and servers that die, jobs that wait, what is no job at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod cluster;
mod deaths;
mod doubles;
mod full;
mod hanging;
mod kills;
mod lease;
mod order;
mod phantoms;
mod poison;
mod quiet;
mod replaced;
mod said;
mod scene;
#[path = "../support/server.rs"]
mod server;
mod settling;
mod waiting;

/// Each of these runs against both servers.
macro_rules! on_both {
    ($($module:ident::$test:ident,)*) => {
        mod debian {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$module::$test(testkit::nats::Version::Debian).await;
                }
            )*
        }

        mod current {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$module::$test(testkit::nats::Version::Current).await;
                }
            )*
        }
    };
}

on_both! {
    cluster::jobs_go_on_when_one_of_three_servers_dies,
    deaths::a_server_that_goes_in_the_middle_loses_no_job,
    deaths::a_job_whose_acknowledgement_was_lost_is_settled_later,
    deaths::a_group_works_on_a_server_that_was_replaced_by_an_empty_one,
    deaths::a_group_asks_at_once_when_its_server_is_back,
    deaths::another_node_sweeps_when_the_holder_of_the_lease_dies,
    doubles::a_job_that_was_parked_and_not_acknowledged_is_parked_once,
    doubles::a_retry_that_was_given_back_and_not_taken_away_runs_once,
    doubles::a_job_that_died_and_was_not_acknowledged_is_one_dead_letter,
    doubles::a_dead_letter_that_several_remove_at_once_is_no_error,
    full::a_group_waits_until_there_is_room_for_its_consumers,
    full::a_group_pauses_when_a_retry_cannot_be_parked_though_it_has_all_it_needs,
    full::a_retry_that_cannot_be_parked_stays_a_job,
    full::a_dead_letter_that_has_room_does_not_say_that_retries_have,
    full::a_job_that_cannot_be_buried_is_kept_and_tried_again,
    full::a_job_for_which_there_is_no_room_at_all_is_lost_by_nobody,
    full::where_failed_jobs_go_is_missed_when_it_is_gone,
    hanging::a_node_whose_server_hangs_ends_all_the_same,
    kills::a_worker_that_is_killed_again_and_again_loses_no_job,
    lease::only_one_node_reads_what_is_parked,
    lease::a_holder_whose_clock_is_ahead_is_followed_soon_after_its_death,
    lease::who_leaves_lets_another_sweep_at_once,
    order::a_high_job_goes_before_a_backlog_of_low_ones,
    order::jobs_of_a_kind_that_is_left_are_run,
    phantoms::a_job_that_a_server_forgot_was_settled_is_waited_for_no_longer,
    phantoms::jobs_that_are_gone_are_waited_for_no_longer,
    poison::what_was_read_from_a_stream_and_answered_here_is_not_run,
    poison::what_is_no_job_is_a_dead_letter_and_stops_nobody,
    quiet::a_group_with_nothing_to_do_asks_for_nothing,
    replaced::a_stream_of_jobs_that_is_made_again_takes_none_before_its_groups_are_back,
    replaced::jobs_of_another_installation_are_left_alone,
    replaced::what_an_empty_server_takes_is_run_by_groups_that_come_back_later,
    settling::a_run_that_outlasts_the_patience_of_the_server_is_run_once,
    settling::after_an_outage_a_job_is_there_at_once,
    settling::after_an_outage_one_job_goes_ahead_and_the_others_follow_it,
    settling::a_run_that_is_cut_off_is_another_nodes_at_once,
    settling::when_the_dead_letters_are_full_a_job_without_hope_is_kept,
    settling::a_job_that_cannot_be_buried_runs_again,
    waiting::a_thousand_waiting_retries_do_not_delay_a_new_job,
    waiting::figures_say_what_waits,
    waiting::figures_of_a_group_are_its_own,
    waiting::figures_of_a_group_without_work_cost_no_look_at_the_jobs,
}
