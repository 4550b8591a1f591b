//! The list of cases, once: [`contract_tests!`](crate::contract_tests) makes tests of it, [`all`] values.

use std::pin::Pin;

use super::Scene;

/// Hands the list to another macro of this crate, behind an argument.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_cases {
    ($consumer:ident $(, $argument:expr)?) => {
        $crate::$consumer! { $($argument,)?
            group {
                group_delivery_should_not_exceed_rate,
                group_notification_should_deliver_a_single_event_to_all_listeners_at_the_same_time,
                listeners_should_be_able_to_dispatch,
                register_should_not_dispatch_past_events_for_groups,
                listener_group_should_receive_events,
                group_listeners_should_not_receive_noop_events,
                group_listeners_should_receive_only_handled_events,
                group_listeners_should_receive_only_their_kinds,
                dispatch_should_not_throw_when_a_group_listener_fails,
                each_listener_group_should_receive_events,
                unregistered_group_listener_should_not_receive_events,
                register_should_throw_when_a_group_is_already_used,
                register_should_not_throw_on_an_unregistered_group,
                unregister_should_be_idempotent_for_groups,
                register_should_accept_already_unregistered_groups,
                dispatch_should_call_synchronous_listener,
                failing_group_listeners_should_not_abort_group_delivery,
                all_group_listeners_should_be_executed_when_a_group_listener_fails,
                all_group_listeners_should_be_executed_when_generic_groups,
                groups_defined_only_on_some_nodes_should_be_notified_when_dispatch,
                group_listeners_should_be_executed_once_in_a_controlled_environment,
                unregister_should_stop_notification_for_distant_groups,
                register_should_not_dispatch_past_events_for_groups_in_a_distributed_context,
            }
            redelivery {
                group_listener_should_receive_event_when_redeliver,
                redeliver_should_not_throw_when_a_group_listener_fails,
                redeliver_should_throw_when_group_not_registered,
                redeliver_should_throw_when_there_is_no_such_dead_letter,
                redeliver_should_only_send_event_to_defined_group,
                groups_defined_only_on_some_nodes_should_be_notified_when_redeliver,
                group_listeners_should_be_executed_once_when_redeliver_in_a_distributed_environment,
                redeliver_should_throw_after_group_is_unregistered,
                group_listeners_should_not_receive_noop_redelivered_events,
            }
            jobs {
                a_job_dispatched_twice_runs_once,
                one_event_may_be_two_jobs,
                higher_urgency_goes_first,
                jobs_of_one_urgency_go_in_order_of_age,
                jobs_wait_while_nobody_listens,
                jobs_survive_a_restart,
                a_finished_job_is_known_after_a_restart,
                a_group_may_change_its_kinds,
                a_registration_dropped_in_mid_run_burns_no_attempt,
            }
            key {
                notification_should_not_exceed_rate,
                notification_should_deliver_a_single_event_to_all_listeners_at_the_same_time,
                registered_listeners_should_not_receive_noop_events,
                registered_listeners_should_receive_only_handled_events,
                dispatch_should_not_throw_when_a_registered_listener_fails,
                dispatch_should_not_notify_registered_listener_when_empty_key_set,
                dispatch_should_not_notify_listener_registered_on_other_keys,
                dispatch_should_notify_registered_listeners,
                dispatch_should_notify_local_registered_listener_without_delay,
                dispatch_should_notify_only_registered_listener,
                dispatch_should_notify_all_listeners_registered_on_a_key,
                register_should_allow_duplicated_registration,
                unregister_should_remove_double_registered_listener,
                unregister_should_be_idempotent_for_key_registrations,
                register_should_not_dispatch_past_events,
                calling_all_unregister_method_should_unregister_the_listener,
                unregister_should_have_not_notify_when_called_on_different_keys,
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
                a_listener_may_register_and_unregister_while_it_hears,
            }
            concurrent {
                concurrent_dispatch_group_should_deliver_all_events_to_listeners_with_single_event_bus,
                concurrent_dispatch_key_should_deliver_all_events_to_listeners_with_single_event_bus,
                concurrent_dispatch_should_deliver_all_events_to_listeners_with_single_event_bus,
                concurrent_register_then_dispatch_should_deliver_all_events_to_at_least_one_listener_with_single_event_bus,
                concurrent_dispatch_group_should_deliver_all_events_to_listeners_with_multiple_event_bus,
                concurrent_dispatch_key_should_deliver_all_events_to_listeners_with_multiple_event_bus,
                concurrent_dispatch_should_deliver_all_events_to_listeners_with_multiple_event_bus,
            }
            errors {
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
                a_pause_ends_when_the_listener_says_that_all_is_back,
                waiting_retries_hold_no_slot,
                a_retry_survives_a_restart,
                a_panic_is_a_failed_attempt,
                a_run_over_its_time_is_a_failed_attempt,
            }
            dead_letters {
                store_should_store_group_with_corresponding_event,
                store_should_keep_consistency_when_concurrent_store,
                remove_should_remove_matched,
                remove_last_event_should_remove_group,
                remove_all_events_of_a_group_should_all_events_of_that_group,
                remove_all_events_of_group_a_should_remove_that_group,
                remove_all_events_of_group_a_should_not_remove_group_b,
                remove_all_events_of_a_group_should_keep_non_matched,
                remove_all_events_of_a_group_should_not_throw_when_no_group_matched,
                remove_should_keep_non_matched,
                remove_should_not_throw_when_no_insertion_id_matched,
                remove_should_not_throw_when_no_group_matched,
                remove_should_keep_consistency_when_concurrent_remove,
                remove_all_events_of_a_group_should_keep_consistency_when_concurrent_remove,
                failed_event_should_return_empty_when_not_found,
                failed_event_should_not_throw_when_no_group_matched,
                failed_event_should_return_event_when_contains,
                failed_event_should_not_remove_event,
                failed_events_by_group_should_return_empty_when_non_match,
                failed_events_by_group_should_return_all_events_corresponding_to_given_group,
                failed_events_by_group_should_not_remove_events,
                failed_events_should_return_all_events_of_the_group_oldest_first,
                failed_events_should_return_no_more_than_asked,
                groups_with_failed_events_should_return_all_stored_groups,
                groups_with_failed_events_should_return_empty_when_no_stored,
                contain_events_should_return_false_on_nothing_stored,
                contain_events_should_return_true_on_stored_events,
                contain_events_should_return_false_when_remove_all_stored_events,
                contain_events_should_return_true_when_remove_some_stored_events,
                dead_letters_survive_a_restart,
                ids_are_not_given_twice,
            }
            health {
                check_should_return_healthy_when_event_dead_letter_empty,
                check_should_return_degraded_when_event_dead_letter_contain_event,
                check_should_return_degraded_when_event_dead_letter_contain_events,
                check_should_return_healthy_when_removed_all_event_dead_letters,
                check_should_return_degraded_when_removed_some_event_dead_letters,
                check_should_return_un_healthy_when_event_dead_letter_error,
                check_should_return_healthy_when_only_ignored_groups_contain_events,
                check_should_return_degraded_when_non_ignored_group_contains_events,
                check_should_return_degraded_when_mixing_ignored_and_non_ignored_events,
            }
            retained {
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
            life {
                event_bus_groups_with_distinct_naming_strategies_should_be_isolated,
                event_bus_pub_sub_with_distinct_naming_strategies_should_be_isolated,
                what_two_buses_keep_is_apart,
                event_bus_should_not_throw_when_continuously_start_and_stop,
                a_group_may_start_and_stop_continuously,
                multiple_event_bus_should_not_throw_when_start_and_stop_continuously,
                dispatch_should_stop_delivering_events_shortly_after_stop_is_called,
                calls_to_a_stopped_bus_fail,
                dispatch_should_work_after_restart_for_old_registration,
                dispatch_should_work_after_restart_for_new_registration,
                redeliver_should_work_after_restart_for_old_registration,
                redeliver_should_work_after_restart_for_new_registration,
                a_key_registration_from_before_a_restart_is_over,
                dispatch_should_work_after_restart_for_new_key_registration,
                dispatch_should_not_send_to_group_listener_when_error,
                a_dispatch_that_failed_leaves_nothing_half_done,
                re_deliver_should_add_event_in_dead_letter_when_getting_error,
                re_deliver_should_not_store_event_in_another_group_when_getting_error,
                in_processing_event_should_be_re_dispatched_to_another_event_bus_when_one_is_down,
                a_job_in_mid_run_runs_again_after_a_kill,
                what_was_answered_survives_a_kill,
                bulks_are_handled_gracefully,
            }
        }
    };
}

/// Expands to one test per case. `$fixture` is an expression whose awaiting gives a fresh [`Fixture`](crate::contract::Fixture).
#[macro_export]
macro_rules! contract_tests {
    ($fixture:expr) => {
        $crate::contract_cases! { contract_tests, $fixture }
    };
    ($fixture:expr, $($contract:ident { $($case:ident,)* })*) => {
        $(
            mod $contract {
                use super::*;
                $(
                    #[tokio::test]
                    async fn $case() {
                        $crate::contract::$contract::$case($crate::contract::Scene::new($fixture.await)).await;
                    }
                )*
            }
        )*
    };
}

/// Expands to the list as a [`Vec`] of [`Case`].
#[doc(hidden)]
#[macro_export]
macro_rules! contract_list {
    ($($contract:ident { $($case:ident,)* })*) => {
        vec![$($(
            $crate::contract::Case {
                contract: stringify!($contract),
                name: stringify!($case),
                play: |scene| Box::pin($crate::contract::$contract::$case(scene)),
            },
        )*)*]
    };
}

/// A case as a value, for who plays them all and notes how they end.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The part of the contract.
    pub contract: &'static str,
    /// Its sentence.
    pub name: &'static str,
    /// Plays it; panics when it fails. Wants a tokio runtime of its own.
    pub play: fn(Scene) -> Pin<Box<dyn Future<Output = ()>>>,
}

/// Every case, in the order of the list.
pub fn all() -> Vec<Case> {
    crate::contract_cases! { contract_list }
}
