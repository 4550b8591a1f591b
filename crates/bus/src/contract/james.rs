//! The cases of Apache James' event bus contracts, and where each is held here.

/// One of James' contracts, or the part of one that wants several nodes.
#[derive(Debug)]
pub struct Part {
    /// James' interface.
    pub name: &'static str,
    /// James' names, in James' order.
    pub cases: &'static [&'static str],
}

/// Where a case of James' is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// By the case of the suite with this name.
    Case(String),
    /// By the type: what it asks about does not compile. A doctest of this name in `dead_letters/nulls.rs` shows it.
    Type(String),
    /// By a case that asks for something else, and why.
    Changed(&'static str, &'static str),
}

/// The one case whose meaning differs.
const CHANGED: [(&str, &str, &str); 1] = [(
    "groupsDefinedOnlyOnSomeNodesShouldNotBeNotifiedWhenRedeliver",
    "groups_defined_only_on_some_nodes_should_be_notified_when_redeliver",
    "A group is known to the bus and not to one of its nodes, so that an operator may ask any node.",
)];

/// Where James' case of this name is held.
pub fn held(case: &str) -> Held {
    if let Some((_, ours, why)) = CHANGED.iter().find(|(name, ..)| *name == case) {
        return Held::Changed(ours, why);
    }
    let name = snake_case(case);
    let asks_for_null = case.ends_with("Null") || case.contains("WhenNull");
    if asks_for_null { Held::Type(name) } else { Held::Case(name) }
}

/// Each upper-case letter begins a word.
pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 16);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Every case.
pub const PARTS: [Part; 8] = [
    Part {
        name: "GroupContract, one bus",
        cases: &[
            "groupDeliveryShouldNotExceedRate",
            "groupNotificationShouldDeliverASingleEventToAllListenersAtTheSameTime",
            "listenersShouldBeAbleToDispatch",
            "registerShouldNotDispatchPastEventsForGroups",
            "listenerGroupShouldReceiveEvents",
            "groupListenersShouldNotReceiveNoopEvents",
            "groupListenersShouldReceiveOnlyHandledEvents",
            "dispatchShouldNotThrowWhenAGroupListenerFails",
            "eachListenerGroupShouldReceiveEvents",
            "unregisteredGroupListenerShouldNotReceiveEvents",
            "registerShouldThrowWhenAGroupIsAlreadyUsed",
            "registerShouldNotThrowOnAnUnregisteredGroup",
            "unregisterShouldBeIdempotentForGroups",
            "registerShouldAcceptAlreadyUnregisteredGroups",
            "dispatchShouldCallSynchronousListener",
            "failingGroupListenersShouldNotAbortGroupDelivery",
            "allGroupListenersShouldBeExecutedWhenAGroupListenerFails",
            "allGroupListenersShouldBeExecutedWhenGenericGroups",
            "groupListenerShouldReceiveEventWhenRedeliver",
            "redeliverShouldNotThrowWhenAGroupListenerFails",
            "redeliverShouldThrowWhenGroupNotRegistered",
            "redeliverShouldThrowAfterGroupIsUnregistered",
            "redeliverShouldOnlySendEventToDefinedGroup",
            "groupListenersShouldNotReceiveNoopRedeliveredEvents",
        ],
    },
    Part {
        name: "GroupContract, several buses",
        cases: &[
            "groupsDefinedOnlyOnSomeNodesShouldBeNotifiedWhenDispatch",
            "groupsDefinedOnlyOnSomeNodesShouldNotBeNotifiedWhenRedeliver",
            "groupListenersShouldBeExecutedOnceWhenRedeliverInADistributedEnvironment",
            "groupListenersShouldBeExecutedOnceInAControlledEnvironment",
            "unregisterShouldStopNotificationForDistantGroups",
            "registerShouldNotDispatchPastEventsForGroupsInADistributedContext",
        ],
    },
    Part {
        name: "KeyContract, one bus",
        cases: &[
            "notificationShouldNotExceedRate",
            "notificationShouldDeliverASingleEventToAllListenersAtTheSameTime",
            "registeredListenersShouldNotReceiveNoopEvents",
            "registeredListenersShouldReceiveOnlyHandledEvents",
            "dispatchShouldNotThrowWhenARegisteredListenerFails",
            "dispatchShouldNotNotifyRegisteredListenerWhenEmptyKeySet",
            "dispatchShouldNotNotifyListenerRegisteredOnOtherKeys",
            "dispatchShouldNotifyRegisteredListeners",
            "dispatchShouldNotifyLocalRegisteredListenerWithoutDelay",
            "dispatchShouldNotifyOnlyRegisteredListener",
            "dispatchShouldNotifyAllListenersRegisteredOnAKey",
            "registerShouldAllowDuplicatedRegistration",
            "unregisterShouldRemoveDoubleRegisteredListener",
            "registerShouldNotDispatchPastEvents",
            "callingAllUnregisterMethodShouldUnregisterTheListener",
            "unregisterShouldHaveNotNotifyWhenCalledOnDifferentKeys",
            "unregisterShouldBeIdempotentForKeyRegistrations",
            "dispatchShouldAcceptSeveralKeys",
            "dispatchShouldCallListenerOnceWhenSeveralKeysMatching",
            "dispatchShouldNotNotifyUnregisteredListener",
            "dispatchShouldNotifyAsynchronousListener",
            "dispatchShouldNotBlockAsynchronousListener",
            "failingRegisteredListenersShouldNotAbortRegisteredDelivery",
            "allRegisteredListenersShouldBeExecutedWhenARegisteredListenerFails",
            "dispatchShouldNotifyListenerWhenMultiEvents",
        ],
    },
    Part {
        name: "KeyContract, several buses",
        cases: &[
            "crossEventBusRegistrationShouldBeAllowed",
            "unregisteredDistantListenersShouldNotBeNotified",
            "allRegisteredListenersShouldBeDispatched",
            "registerShouldNotDispatchPastEventsInDistributedContext",
            "localDispatchedListenersShouldBeDispatchedWithoutDelay",
        ],
    },
    Part {
        name: "ErrorHandlingContract",
        cases: &[
            "retryingIsNotAppliedForKeyRegistrations",
            "listenerShouldReceiveWhenFailsLessThanMaxRetries",
            "listenerShouldReceiveWhenFailsEqualsMaxRetries",
            "listenerShouldNotReceiveWhenFailsGreaterThanMaxRetries",
            "exceedingMaxRetriesShouldStopConsumingFailedEvent",
            "retriesBackOffShouldDelayByExponentialGrowth",
            "retryingListenerCallingDispatchShouldNotFail",
            "deadLettersIsNotAppliedForKeyRegistrations",
            "deadLetterShouldNotStoreWhenFailsLessThanMaxRetries",
            "deadLetterShouldStoreWhenDispatchFailsGreaterThanMaxRetries",
            "deadLetterShouldStoreWhenRedeliverFailsGreaterThanMaxRetries",
            "retryShouldDeliverAsManyTimesAsInitialDeliveryAttempt",
            "redeliverShouldNotSendEventsToKeyListeners",
        ],
    },
    Part {
        name: "EventBusConcurrentTestContract",
        cases: &[
            "concurrentDispatchGroupShouldDeliverAllEventsToListenersWithSingleEventBus",
            "concurrentDispatchKeyShouldDeliverAllEventsToListenersWithSingleEventBus",
            "concurrentDispatchShouldDeliverAllEventsToListenersWithSingleEventBus",
            "concurrentRegisterThenDispatchShouldDeliverAllEventsToAtLeastOneListenerWithSingleEventBus",
            "concurrentDispatchGroupShouldDeliverAllEventsToListenersWithMultipleEventBus",
            "concurrentDispatchKeyShouldDeliverAllEventsToListenersWithMultipleEventBus",
            "concurrentDispatchShouldDeliverAllEventsToListenersWithMultipleEventBus",
        ],
    },
    Part {
        name: "EventDeadLettersContract",
        cases: &[
            "storeShouldThrowWhenNullGroup",
            "storeShouldThrowWhenNullEvent",
            "storeShouldThrowWhenBothGroupAndEventAndInsertionIdAreNull",
            "storeShouldStoreGroupWithCorrespondingEvent",
            "storeShouldKeepConsistencyWhenConcurrentStore",
            "removeShouldThrowWhenGroupIsNull",
            "removeShouldThrowWhenInsertionIdIsNull",
            "removeShouldThrowWhenBothGroupAndInsertionIdAreNull",
            "removeAllEventsOfAGroupShouldThrowWhenGroupIsNull",
            "removeShouldRemoveMatched",
            "removeLastEventShouldRemoveGroup",
            "removeAllEventsOfAGroupShouldAllEventsOfThatGroup",
            "removeAllEventsOfGroupAShouldRemoveThatGroup",
            "removeAllEventsOfGroupAShouldNotRemoveGroupB",
            "removeShouldKeepNonMatched",
            "removeAllEventsOfAGroupShouldKeepNonMatched",
            "removeShouldNotThrowWhenNoInsertionIdMatched",
            "removeShouldNotThrowWhenNoGroupMatched",
            "removeAllEventsOfAGroupShouldNotThrowWhenNoGroupMatched",
            "removeShouldKeepConsistencyWhenConcurrentRemove",
            "removeAllEventsOfAGroupShouldKeepConsistencyWhenConcurrentRemove",
            "failedEventShouldThrowWhenGroupIsNull",
            "failedEventShouldThrowWhenInsertionIdIsNull",
            "failedEventShouldThrowWhenBothGroupAndInsertionIdAreNull",
            "failedEventShouldReturnEmptyWhenNotFound",
            "failedEventShouldReturnEventWhenContains",
            "failedEventShouldNotRemoveEvent",
            "failedEventShouldNotThrowWhenNoGroupMatched",
            "failedEventsShouldThrowWhenGroupIsNull",
            "failedEventsByGroupShouldReturnEmptyWhenNonMatch",
            "failedEventsByGroupShouldReturnAllEventsCorrespondingToGivenGroup",
            "failedEventsByGroupShouldNotRemoveEvents",
            "groupsWithFailedEventsShouldReturnAllStoredGroups",
            "groupsWithFailedEventsShouldReturnEmptyWhenNoStored",
            "containEventsShouldReturnFalseOnNothingStored",
            "containEventsShouldReturnTrueOnStoredEvents",
            "containEventsShouldReturnFalseWhenRemoveAllStoredEvents",
            "containEventsShouldReturnTrueWhenRemoveSomeStoredEvents",
        ],
    },
    Part {
        name: "EventDeadLettersHealthCheckContract",
        cases: &[
            "checkShouldReturnHealthyWhenEventDeadLetterEmpty",
            "checkShouldReturnDegradedWhenEventDeadLetterContainEvent",
            "checkShouldReturnDegradedWhenEventDeadLetterContainEvents",
            "checkShouldReturnHealthyWhenRemovedAllEventDeadLetters",
            "checkShouldReturnDegradedWhenRemovedSomeEventDeadLetters",
            "checkShouldReturnUnHealthyWhenEventDeadLetterError",
            "checkShouldReturnHealthyWhenOnlyIgnoredGroupsContainEvents",
            "checkShouldReturnDegradedWhenNonIgnoredGroupContainsEvents",
            "checkShouldReturnDegradedWhenMixingIgnoredAndNonIgnoredEvents",
        ],
    },
];
