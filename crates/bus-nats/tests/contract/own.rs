//! Tests of bus-nats for what James tests of an implementation: James' name, and ours.

/// See the module.
pub const OWN: &[(&str, &str)] = &[
    ("eventProcessingShouldNotCrashOnInvalidMessage", "what_is_no_job_is_a_dead_letter_and_stops_nobody"),
    ("eventProcessingShouldNotCrashOnInvalidMessages", "what_is_no_job_is_a_dead_letter_and_stops_nobody"),
    (
        "eventProcessingShouldStoreInvalidMessagesInDeadLetterQueue",
        "what_is_no_job_is_a_dead_letter_and_stops_nobody",
    ),
    ("registrationShouldNotCrashOnInvalidMessage", "what_cannot_be_read_is_counted_and_stops_nothing"),
    ("registrationShouldNotCrashOnInvalidMessages", "what_cannot_be_read_is_counted_and_stops_nothing"),
    ("startShouldCreateEventExchange", "streams_are_made_once"),
    ("multipleEventBusStartShouldCreateOnlyOneEventExchange", "streams_are_made_once"),
    (
        "dispatchShouldWorkAfterNetworkIssuesForOldRegistration",
        "a_server_that_goes_in_the_middle_loses_no_job",
    ),
    (
        "dispatchShouldWorkAfterNetworkIssuesForOldKeyRegistration",
        "a_registration_outlives_the_death_of_the_server",
    ),
    ("dispatchShouldPersistOnlyOneEventWhenDispatchingMultiGroupsGetError", "a_full_stream_says_so"),
    ("RetryBackoffConfigurationTest (9)", "a_failed_attempt_is_parked_until_the_last_which_is_buried"),
];
