import Telephony

extension VirtualCarrier {
  struct Link: Sendable {
    /// Of the modem attached.
    var number: PhoneNumber?
    var followsRecords = false
  }

  /// A TPDU for a subscriber, and what is known of where it came from.
  struct Parcel: Sendable {
    enum Content: Sendable {
      case message(SMSSubmit, submitted: WallTime)
      case report(SMSStatusReport)
    }
    var content: Content
    /// TP-OA.
    var originator: SMSAddress
    /// E.164, or the code or name of an injected message.
    var sender: String
    var recipient: String
    /// The sender's modem wants to know: the reference it gave.
    var reportReference: UInt8?
  }

  /// What waits for a number.
  struct Mailbox: Sendable {
    struct UnderWay: Sendable {
      var id: UInt32
      var parcel: Parcel
      var tpdu: [UInt8]
      var deadline: Duration
    }
    /// The modem that has the number's SIM.
    var link: LinkID?
    var queue: [Parcel] = []
    /// One at a time.
    var underWay: UnderWay?
    /// Nothing is sent before this.
    var pausedUntil: Duration?

    var deadline: Duration? {
      if let underWay { return underWay.deadline }
      return link != nil && !queue.isEmpty ? pausedUntil : nil
    }
  }

  /// Something that a rule put off.
  struct Scheduled: Sendable {
    enum Work: Sendable {
      /// Answer a submission and let the message go on.
      case answer(link: LinkID, id: UInt32, Parcel)
      case enqueue(Parcel)
    }
    var due: Duration
    var work: Work
  }
}
