/** Bodies as the platform sends them; numbers and ids are invented. */
export const statusExamples = {
  answer: {
    summary: 'B answered',
    value: {
      eventType: 'answer',
      statusInfo: {
        sessionId: '1201_0417_4294967295_20240305071500@callenabler01.example.com',
        timestamp: '2024-03-05 07:15:18',
        caller: '+8675500000001',
        called: '+8613800000022',
        userData: 'order-4711',
      },
    },
  },
  disconnect: {
    summary: 'A party hung up',
    value: {
      eventType: 'disconnect',
      statusInfo: {
        sessionId: '1201_0417_4294967295_20240305071500@callenabler01.example.com',
        timestamp: '2024-03-05 07:15:41',
        caller: '+8675500000001',
        called: '+8613800000022',
        partyType: 'callee',
        stateCode: 0,
        stateDesc: 'The user releases the call.',
        userData: 'order-4711',
      },
    },
  },
}

export const feeExamples = {
  cdr: {
    summary: 'One CDR',
    value: {
      eventType: 'fee',
      feeLst: [
        {
          direction: 0,
          spId: 'Example_01',
          appKey: 'CallbackApp',
          icid: 'CAE-20240305151500-10000417',
          bindNum: '+8675500000001',
          sessionId: '1201_0417_4294967295_20240305071500@callenabler01.example.com',
          callerNum: '+8675500000001',
          calleeNum: '+8613800000024',
          fwdDisplayNum: '+8675500000001',
          fwdDstNum: '+8613800000022',
          callOutStartTime: '2024-03-05 07:15:00',
          callOutAlertingTime: '2024-03-05 07:15:03',
          callOutAnswerTime: '2024-03-05 07:15:09',
          callOutUnaswRsn: 0,
          fwdStartTime: '2024-03-05 07:15:09',
          fwdAlertingTime: '2024-03-05 07:15:14',
          fwdAnswerTime: '2024-03-05 07:15:18',
          fwdUnaswRsn: 0,
          callEndTime: '2024-03-05 07:15:41',
          ulFailReason: 0,
          sipStatusCode: 0,
          recordFlag: 0,
          serviceType: '002',
          userData: 'order-4711',
        },
      ],
    },
  },
}

export const noticeExamples = {
  notice: {
    summary: 'What is neither',
    value: { eventType: 'numStatus', numInfo: [{ number: '+8617012340001', status: '10', cause: '2' }] },
  },
}

export const examples = { ...statusExamples, ...feeExamples, ...noticeExamples }
