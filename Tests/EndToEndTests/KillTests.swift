import Foundation
import Testing

extension EndToEnd {
  /// What runs is killed without warning while texts stand at every step of their way: each is with the recipient's ModemManager once, or the
  /// sender's app was told that it failed; and texts go on.
  @Suite struct Kills {
    @Test(arguments: KillScene.Victim.allCases)
    func atEveryStepOfASendAndAReceive(victim: KillScene.Victim) throws {
      let scene = try KillScene.shared()
      defer { scene.letGo() }
      var texts = try scene.textsAtEveryStep("\(victim)")
      try scene.kill(victim)
      if victim.end == .recipients { texts.append(try scene.textMeanwhile("\(victim)")) }
      try scene.restart(victim)
      try scene.settle(texts)
      for text in texts {
        let isUnderWay = ![.deleted, .read].contains(text.step)
        // The sender's ModemManager loses its modem, or its own life, over it.
        let isFailure = victim.end == .senders && isUnderWay
        #expect(text.sending.waitUntilEnded().isSuccess == !isFailure, "\(text.step)")
        // That had not left the device.
        let isLost = text.step == .lookedUp && [.sendersShuntd, .sendersModem].contains(victim)
        #expect(try scene.shownCount(of: text) == (isLost ? 0 : 1), "\(text.step)")
      }
      try scene.expectTextsGoOut()
    }

    @Test func whatNobodyWasThereToHearOfSurvives() throws {
      let scene = try KillScene.shared()
      let (alice, bob) = (scene.alice, scene.bob)
      for member in [alice, bob] { try member.waitUntilWell() }
      try bob.phone.emptyInbox()
      try scene.rig.stop("bob-modemmanager", "KILL")
      let decision = try alice.phone.decisionOnSending("Unheard of", to: bob.phone.number)
      #expect("\(decision)" == "out ip recipient-online delivered")
      bob.unit.kill()
      try bob.unit.start()
      #expect(try bob.phone.status()["waiting_messages"] as? Int == 1)
      try bob.phone.startModemManager()
      try bob.waitUntilWell()
      #expect(try bob.phone.receive().map(\.text) == ["Unheard of"])
      try scene.expectTextsGoOut()
    }
  }
}
