//! The tests of Apache James' implementations that go beyond its contracts, and what we have of each.

/// What we have of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    /// The case of the suite with this name: the same, or one that is akin where the names differ.
    Case(&'static str),
    /// A test that every implementation has of its own, for it reaches behind the contract.
    Own,
    /// Nothing in one process, for this reason. An implementation of which that is not true has a test of its own.
    Nothing(&'static str),
}

use Here::{Case, Nothing, Own};

const HANDED_OVER: &str = "Live messages are handed over in memory; there is nothing to decode.";
const NO_EXCHANGE: &str =
    "There are no exchanges and queues to be made or to be left over: a group is a row.";
const NO_NETWORK: &str = "Nothing lies between a node and the bus that could fail alone.";
const CALLER_KEEPS: &str = "A dispatch that fails is told to its caller, who keeps the message (relay: in its spool). None is put aside for him.";
const NOTHING_LEFT: &str =
    "Registrations are in memory and end with their node; nothing is left to be cleaned.";
const NOTHING_HIDDEN: &str = "What fails is told; there is no setting that hides it.";
const NO_CLASSES: &str = "A group is its name, not a class that has one.";

/// James' tests in the order of their subjects: those of `RabbitMQEventBusTest` by name, others with their class or part.
pub const TESTS: &[(&str, Here)] = &[
    ("eventProcessingShouldNotCrashOnInvalidMessage", Own),
    ("eventProcessingShouldNotCrashOnInvalidMessages", Own),
    ("eventProcessingShouldStoreInvalidMessagesInDeadLetterQueue", Own),
    ("registrationShouldNotCrashOnInvalidMessage", Nothing(HANDED_OVER)),
    ("registrationShouldNotCrashOnInvalidMessages", Nothing(HANDED_OVER)),
    ("groupQueuesNameShouldRemainUnchanged", Case("dispatch_should_work_after_restart_for_old_registration")),
    ("deserializeEventCollectorGroup", Nothing(NO_CLASSES)),
    ("registerGroupShouldCreateRetryExchange", Case("a_retry_survives_a_restart")),
    ("rabbitMQEventBusShouldHandleBulksGracefully", Case("bulks_are_handled_gracefully")),
    (
        "inProcessingEventShouldBeReDispatchedToAnotherEventBusWhenOneIsDown",
        Case("in_processing_event_should_be_re_dispatched_to_another_event_bus_when_one_is_down"),
    ),
    ("dispatchShouldPublishSerializedEventToRabbitMQ", Case("jobs_survive_a_restart")),
    ("dispatchShouldPublishSerializedEventToRabbitMQWhenNotBlocking", Case("jobs_survive_a_restart")),
    ("startShouldCreateEventExchange", Nothing(NO_EXCHANGE)),
    (
        "dispatchShouldWorkAfterRestartForOldRegistration",
        Case("dispatch_should_work_after_restart_for_old_registration"),
    ),
    (
        "dispatchShouldWorkAfterRestartForNewRegistration",
        Case("dispatch_should_work_after_restart_for_new_registration"),
    ),
    (
        "redeliverShouldWorkAfterRestartForOldRegistration",
        Case("redeliver_should_work_after_restart_for_old_registration"),
    ),
    (
        "redeliverShouldWorkAfterRestartForNewRegistration",
        Case("redeliver_should_work_after_restart_for_new_registration"),
    ),
    (
        "dispatchShouldWorkAfterRestartForOldKeyRegistration",
        Case("a_key_registration_from_before_a_restart_is_over"),
    ),
    (
        "dispatchShouldWorkAfterRestartForNewKeyRegistration",
        Case("dispatch_should_work_after_restart_for_new_key_registration"),
    ),
    ("dispatchedMessagesShouldSurviveARabbitMQRestart", Case("jobs_survive_a_restart")),
    ("dispatchShouldWorkAfterNetworkIssuesForOldRegistration", Nothing(NO_NETWORK)),
    ("dispatchShouldWorkAfterNetworkIssuesForNewRegistration", Nothing(NO_NETWORK)),
    ("redeliverShouldWorkAfterNetworkIssuesForOldRegistration", Nothing(NO_NETWORK)),
    ("redeliverShouldWorkAfterNetworkIssuesForNewRegistration", Nothing(NO_NETWORK)),
    ("dispatchShouldWorkAfterNetworkIssuesForOldKeyRegistration", Nothing(NO_NETWORK)),
    ("dispatchShouldWorkAfterNetworkIssuesForNewKeyRegistration", Nothing(NO_NETWORK)),
    ("dispatchShouldWorkAfterNetworkIssuesForOldRegistrationAndKey", Nothing(NO_NETWORK)),
    ("stopShouldNotDeleteEventBusExchange", Nothing(NO_EXCHANGE)),
    (
        "stopShouldNotDeleteGroupRegistrationWorkQueue",
        Case("dispatch_should_work_after_restart_for_old_registration"),
    ),
    (
        "eventBusShouldNotThrowWhenContinuouslyStartAndStop",
        Case("event_bus_should_not_throw_when_continuously_start_and_stop"),
    ),
    (
        "dispatchShouldStopDeliveringEventsShortlyAfterStopIsCalled",
        Case("dispatch_should_stop_delivering_events_shortly_after_stop_is_called"),
    ),
    ("multipleEventBusStartShouldCreateOnlyOneEventExchange", Nothing(NO_EXCHANGE)),
    (
        "multipleEventBusShouldNotThrowWhenStartAndStopContinuously",
        Case("multiple_event_bus_should_not_throw_when_start_and_stop_continuously"),
    ),
    ("multipleEventBusStopShouldNotDeleteEventBusExchange", Nothing(NO_EXCHANGE)),
    ("multipleEventBusStopShouldNotDeleteGroupRegistrationWorkQueue", Case("jobs_survive_a_restart")),
    (
        "multipleEventBusStopShouldDeleteAllKeyRegistrationsWorkQueue",
        Case("a_key_registration_from_before_a_restart_is_over"),
    ),
    (
        "eventBusGroupsWithDistinctNamingStrategiesShouldBeIsolated",
        Case("event_bus_groups_with_distinct_naming_strategies_should_be_isolated"),
    ),
    (
        "eventBusPubSubWithDistinctNamingStrategiesShouldBeIsolated",
        Case("event_bus_pub_sub_with_distinct_naming_strategies_should_be_isolated"),
    ),
    (
        "dispatchShouldNotSendToGroupListenerWhenError",
        Case("dispatch_should_not_send_to_group_listener_when_error"),
    ),
    ("dispatchShouldPersistEventWhenDispatchingNoKeyGetError", Nothing(CALLER_KEEPS)),
    ("dispatchShouldPersistEventWhenDispatchingWithKeysGetError", Nothing(CALLER_KEEPS)),
    ("dispatchShouldPersistOnlyOneEventWhenDispatchingMultiGroupsGetError", Own),
    ("dispatchShouldPersistEventsWhenDispatchingGroupsGetErrorMultipleTimes", Nothing(CALLER_KEEPS)),
    ("dispatchShouldPersistEventsWhenDispatchingTheSameEventGetErrorMultipleTimes", Nothing(CALLER_KEEPS)),
    (
        "reDeliverShouldDeliverToAllGroupsWhenDispatchingFailure",
        Case("a_dispatch_that_failed_leaves_nothing_half_done"),
    ),
    (
        "reDeliverShouldAddEventInDeadLetterWhenGettingError",
        Case("re_deliver_should_add_event_in_dead_letter_when_getting_error"),
    ),
    (
        "reDeliverShouldNotStoreEventInAnotherGroupWhenGettingError",
        Case("re_deliver_should_not_store_event_in_another_group_when_getting_error"),
    ),
    ("NetworkErrorTest: works after an outage", Case("a_dispatch_that_failed_leaves_nothing_half_done")),
    ("NetworkErrorTest: throws during an outage", Case("calls_to_a_stopped_bus_fail")),
    ("NetworkErrorTest: does not throw when errors are not propagated", Nothing(NOTHING_HIDDEN)),
    ("LocalListenerRegistryTest (14)", Case("a_listener_may_register_and_unregister_while_it_hears")),
    (
        "RoutingKeyConverterTest (11)",
        Nothing("A key is an account's token; subjects have property tests of their own."),
    ),
    ("InVmEventDeliveryTest (12)", Case("dispatch_should_not_block_asynchronous_listener")),
    ("WaitDelayGeneratorTest (5)", Case("retries_back_off_should_delay_by_exponential_growth")),
    ("RetryBackoffConfigurationTest (9)", Own),
    ("GroupTest (18)", Nothing(NO_CLASSES)),
    ("Redis: dispatchShouldThrowWhenRedisDownAndFailureIgnoreIsFalse", Case("calls_to_a_stopped_bus_fail")),
    ("Redis: registerShouldThrowWhenRedisDownAndFailureIgnoreIsFalse", Case("calls_to_a_stopped_bus_fail")),
    ("Redis: dispatchShouldNotThrowWhenRedisDownAndFailureIgnoreIsTrue", Nothing(NOTHING_HIDDEN)),
    ("Redis: registerShouldNotThrowWhenRedisDownAndFailureIgnoreIsTrue", Nothing(NOTHING_HIDDEN)),
    (
        "Redis: notificationShouldWorkAfterCleanupOldRegistrationAndResubscribe",
        Case("a_key_registration_from_before_a_restart_is_over"),
    ),
    ("Redis: notificationShouldWorkContinuouslyAfterRedisRestartWhenAOFEnabled", Nothing(NO_NETWORK)),
    ("Redis: shouldCleanBindingsToInactiveChannels", Nothing(NOTHING_LEFT)),
    ("Redis: shouldNotCleanBindingsToActiveChannels", Nothing(NOTHING_LEFT)),
    ("Redis: cleanUpInParallelShouldSucceed", Nothing(NOTHING_LEFT)),
    ("Redis: shouldBeAbleToCleanBigNumberOfBindings", Nothing(NOTHING_LEFT)),
    (
        "Redis: groupListenersShouldConsumeAllEventsWithPartitionedEventBus",
        Nothing("There is one partition."),
    ),
    ("Redis: keyListenersShouldConsumeAllEventsWithPartitionedEventBus", Nothing("There is one partition.")),
];
