//! Tests of bus-local for what James tests of an implementation: James' name, and ours.

/// See the module.
pub const OWN: &[(&str, &str)] = &[
    ("eventProcessingShouldNotCrashOnInvalidMessage", "jobs_of_a_later_release_stand_in_nobodys_way"),
    ("eventProcessingShouldNotCrashOnInvalidMessages", "jobs_of_a_later_release_stand_in_nobodys_way"),
    (
        "eventProcessingShouldStoreInvalidMessagesInDeadLetterQueue",
        "a_job_that_cannot_be_read_is_a_dead_letter",
    ),
    (
        "dispatchShouldPersistOnlyOneEventWhenDispatchingMultiGroupsGetError",
        "a_job_that_finds_no_room_is_in_no_group",
    ),
    ("RetryBackoffConfigurationTest (9)", "jitter_stays_below_its_ceiling"),
];
