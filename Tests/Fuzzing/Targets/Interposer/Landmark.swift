/// What a program can get to. One who keeps programs looks whether together they get to all of it.
enum Landmark: CaseIterable {
  case partForwarded
  case partHeld
  case decidedTwice
  case arrivedByIP
  case failed
  case carried
  case released
  case clientGoneWhileDeciding
  case storedSubmission
  case sentInOwnName
  case incomingDecided
  case foundInStorage
  case announced
  case storedMessageAnnounced
  case storedMessageRead
  case storedMessageDeleted
  case storedMessageRetagged
  case storageFull
  case idGivenBack
  case idsKept
  case malformedStream
  case stoppedReading
  case tooManyClients
  case modemRemoved
  case modemAnswersBytes
  case shutDown
}
