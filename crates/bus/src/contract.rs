//! The cases that every implementation of [`crate::Bus`] must pass, behind the feature `contract`.
//!
//! An implementation writes a [`Fixture`] and calls [`contract_tests!`](crate::contract_tests) in a test file.
//! Names are those of Apache James' contracts where the case is theirs. What differs, and why:
//! - Cases about no-op events and about null arguments are left out: our types hold neither.
//! - `unregisterShouldBeIdempotent…`: a [`crate::Registration`] is consumed by its end, so it cannot be ended twice.
//! - A registration ends only itself: of two on one key the other one stays (James ends both).
//! - `notificationShouldNotExceedRate` of keys: a listener that dispatch waits for hears one message at a time per
//!   dispatcher, and one that it does not wait for has the implementation's own bound.
//! - "Group not registered" means on no node, ever, for groups outlive their registrations. So redelivering to a
//!   group without a live listener waits for the next one, where James throws.

#![expect(missing_docs, reason = "the names of the cases are their sentences")]

pub mod dead_letters;
pub mod errors;
pub mod group;
pub mod jobs;
pub mod key;
pub mod retained;
mod scene;

pub use scene::{Fixture, Scene};

/// Expands to one test per case. `$fixture` is an expression whose awaiting gives a fresh [`Fixture`].
#[macro_export]
macro_rules! contract_tests {
    ($fixture:expr) => {
        $crate::contract_tests! { @contract group, $fixture,
            group_delivery_should_not_exceed_rate,
            group_notification_should_deliver_a_single_event_to_all_listeners_at_the_same_time,
            listeners_should_be_able_to_dispatch,
            register_should_not_dispatch_past_events_for_groups,
            listener_group_should_receive_events,
            group_listeners_should_receive_only_handled_events,
            group_listeners_should_receive_only_their_kinds,
            dispatch_should_not_throw_when_a_group_listener_fails,
            each_listener_group_should_receive_events,
            unregistered_group_listener_should_not_receive_events,
            register_should_throw_when_a_group_is_already_used,
            register_should_accept_already_unregistered_groups,
            failing_group_listeners_should_not_abort_group_delivery,
            all_group_listeners_should_be_executed_when_a_group_listener_fails,
            group_listener_should_receive_event_when_redeliver,
            redeliver_should_not_throw_when_a_group_listener_fails,
            redeliver_should_throw_when_group_not_registered,
            redeliver_should_throw_when_there_is_no_such_dead_letter,
            redeliver_should_wait_after_group_is_unregistered,
            redeliver_should_only_send_event_to_defined_group,
            groups_defined_only_on_some_nodes_should_be_notified_when_dispatch,
            groups_defined_only_on_some_nodes_should_be_notified_when_redeliver,
            group_listeners_should_be_executed_once_when_redeliver_in_a_distributed_environment,
            group_listeners_should_be_executed_once_in_a_controlled_environment,
            unregister_should_stop_notification_for_distant_groups,
            register_should_not_dispatch_past_events_for_groups_in_a_distributed_context,
            concurrent_dispatch_should_deliver_all_events_to_groups,
        }
        $crate::contract_tests! { @contract jobs, $fixture,
            a_job_dispatched_twice_runs_once,
            one_event_may_be_two_jobs,
            higher_urgency_goes_first,
            jobs_of_one_urgency_go_in_order_of_age,
            jobs_wait_while_nobody_listens,
            jobs_survive_a_restart,
            a_finished_job_is_known_after_a_restart,
            a_group_may_change_its_kinds,
            a_registration_dropped_in_mid_run_burns_no_attempt,
            a_job_in_mid_run_is_dispatched_to_another_node_when_one_is_down,
        }
        $crate::contract_tests! { @contract key, $fixture,
            notification_should_deliver_a_single_event_to_all_listeners,
            registered_listeners_should_receive_only_handled_events,
            dispatch_should_not_throw_when_a_registered_listener_fails,
            dispatch_should_not_notify_registered_listener_when_empty_key_set,
            dispatch_should_not_notify_listener_registered_on_other_keys,
            dispatch_should_notify_registered_listeners,
            dispatch_should_notify_local_registered_listener_without_delay,
            dispatch_should_notify_only_registered_listener,
            dispatch_should_notify_all_listeners_registered_on_a_key,
            register_should_allow_duplicated_registration,
            unregister_should_end_only_its_own_registration,
            register_should_not_dispatch_past_events,
            calling_all_unregister_method_should_unregister_the_listener,
            unregister_should_not_affect_different_keys,
            dispatch_should_accept_several_keys,
            dispatch_should_call_listener_once_when_several_keys_matching,
            dispatch_should_not_notify_unregistered_listener,
            dispatch_should_notify_asynchronous_listener,
            dispatch_should_not_block_asynchronous_listener,
            failing_registered_listeners_should_not_abort_registered_delivery,
            all_registered_listeners_should_be_executed_when_a_registered_listener_fails,
            dispatch_should_notify_listener_when_multi_events,
            cross_event_bus_registration_should_be_allowed,
            unregistered_distant_listeners_should_not_be_notified,
            all_registered_listeners_should_be_dispatched,
            register_should_not_dispatch_past_events_in_distributed_context,
            local_dispatched_listeners_should_be_dispatched_without_delay,
            concurrent_dispatch_should_deliver_all_events_to_keys,
            a_listener_may_register_and_unregister_while_it_hears,
        }
        $crate::contract_tests! { @contract errors, $fixture,
            retrying_is_not_applied_for_key_registrations,
            listener_should_receive_when_fails_less_than_max_retries,
            listener_should_receive_when_fails_equals_max_retries,
            listener_should_not_receive_when_fails_greater_than_max_retries,
            exceeding_max_retries_should_stop_consuming_failed_event,
            retries_back_off_should_delay_by_exponential_growth,
            retrying_listener_calling_dispatch_should_not_fail,
            dead_letters_is_not_applied_for_key_registrations,
            dead_letter_should_not_store_when_fails_less_than_max_retries,
            dead_letter_should_store_when_dispatch_fails_greater_than_max_retries,
            dead_letter_should_store_when_redeliver_fails_greater_than_max_retries,
            retry_should_deliver_as_many_times_as_initial_delivery_attempt,
            redeliver_should_not_send_events_to_key_listeners,
            attempts_are_numbered_and_the_last_one_knows,
            a_rejected_job_is_a_dead_letter_at_once,
            an_outage_burns_no_attempt,
            an_outage_pauses_the_group,
            waiting_retries_hold_no_slot,
            a_retry_survives_a_restart,
            a_panic_is_a_failed_attempt,
            a_run_over_its_time_is_a_failed_attempt,
        }
        $crate::contract_tests! { @contract dead_letters, $fixture,
            store_should_store_group_with_corresponding_event,
            store_should_keep_consistency_when_concurrent_store,
            remove_should_remove_matched,
            remove_last_event_should_remove_group,
            remove_all_events_of_group_a_should_not_remove_group_b,
            remove_should_keep_non_matched,
            remove_should_not_throw_when_no_id_matched,
            remove_should_not_throw_when_no_group_matched,
            remove_should_keep_consistency_when_concurrent_remove,
            failed_event_should_return_empty_when_not_found,
            failed_event_should_return_empty_when_no_group_matched,
            failed_event_should_not_remove_event,
            failed_events_should_return_empty_when_non_match,
            failed_events_should_return_all_events_of_the_group_oldest_first,
            failed_events_should_return_no_more_than_asked,
            groups_with_failed_events_should_return_all_stored_groups,
            groups_with_failed_events_should_return_empty_when_no_stored,
            dead_letters_survive_a_restart,
            ids_are_not_given_twice,
        }
        $crate::contract_tests! { @contract retained, $fixture,
            a_state_that_was_put_is_read,
            a_state_nobody_put_is_absent,
            state_put_conflicts_when_somebody_was_first,
            state_put_conflicts_with_an_old_revision,
            state_put_needs_no_revision_of_another_account,
            listeners_hear_a_state_once_it_is_stored,
            listeners_do_not_hear_a_state_that_conflicts,
            listeners_on_other_nodes_hear_a_state,
            of_many_writers_each_merges_once,
            a_state_survives_a_restart,
            a_value_over_the_limit_is_refused,
            a_value_is_gone_when_its_time_is_over,
            a_put_replaces_whatever_was_there,
            buckets_are_apart,
            a_lease_is_taken_once,
            a_lease_can_be_taken_when_its_time_is_over,
            a_lease_whose_time_is_over_cannot_be_kept,
            a_lease_is_kept_with_its_last_revision,
            a_deleted_key_is_absent,
            delete_conflicts_with_an_old_revision,
            deleting_an_absent_key_is_no_conflict,
            a_key_that_went_and_came_has_another_revision,
            revisions_rise_across_a_restart,
            health_is_good,
        }
    };
    (@contract $contract:ident, $fixture:expr, $($case:ident,)*) => {
        mod $contract {
            use super::*;
            $(
                #[tokio::test]
                async fn $case() {
                    $crate::contract::$contract::$case($crate::contract::Scene::new($fixture.await)).await;
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        let listed = include_str!("contract.rs");
        let files = [
            include_str!("contract/group.rs"),
            include_str!("contract/jobs.rs"),
            include_str!("contract/key.rs"),
            include_str!("contract/errors.rs"),
            include_str!("contract/dead_letters.rs"),
            include_str!("contract/retained.rs"),
        ];
        let cases = files.iter().flat_map(|file| file.lines()).filter_map(|line| {
            let (name, _) = line.strip_prefix("pub async fn ")?.split_once('(')?;
            Some(name)
        });
        let mut count = 0;
        for case in cases {
            assert!(listed.contains(&format!("            {case},\n")), "{case} is not run");
            count += 1;
        }
        assert!(count > 100, "only {count} cases were found");
    }
}
