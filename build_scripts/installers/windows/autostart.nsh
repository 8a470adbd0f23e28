; Starting at sign-in: the same value, letter for letter, that app/platform/autostart_registry.py reads and writes.

!define RUN_KEY "Software\Microsoft\Windows\CurrentVersion\Run"
; Where Task Manager notes what the user has switched off there: binary, an odd first byte means off.
!define APPROVED_KEY "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
!define RUN_COMMAND '"$INSTDIR\${PROGRAM}" --minimized'

; "1" in $0: this program starts at sign-in.
Function ReadAutostart
  StrCpy $0 ""
  ReadRegStr $1 HKCU "${RUN_KEY}" "${NAME}"
  ${If} $1 == '${RUN_COMMAND}'
    StrCpy $0 "1"
    ; NSIS itself reads no binary values. HKEY_CURRENT_USER, RRF_RT_REG_BINARY, and room for more than Windows writes.
    System::Alloc 64
    Pop $2
    System::Call 'advapi32::RegGetValueW(p 0x80000001, w "${APPROVED_KEY}", w "${NAME}", i 8, p 0, p r2, *i 64) i .r3'
    ${If} $3 = 0
      System::Call '*$2(&i1 .r4)'
      IntOp $4 $4 & 1
      ${If} $4 = 1
        StrCpy $0 ""
      ${EndIf}
    ${EndIf}
    System::Free $2
  ${EndIf}
FunctionEnd

Function SetAutostart
  WriteRegStr HKCU "${RUN_KEY}" "${NAME}" '${RUN_COMMAND}'
  DeleteRegValue HKCU "${APPROVED_KEY}" "${NAME}"
FunctionEnd

Function ClearAutostart
  DeleteRegValue HKCU "${RUN_KEY}" "${NAME}"
  DeleteRegValue HKCU "${APPROVED_KEY}" "${NAME}"
FunctionEnd

; Only what starts this very program, with whatever options: another copy's is not ours. The folder is called what the
; installer has called it, since $INSTDIR may be another name of it here.
Function un.ClearAutostart
  ReadRegStr $2 HKCU "${LISTED}" "InstallLocation"
  ReadRegStr $0 HKCU "${RUN_KEY}" "${NAME}"
  StrLen $1 '"$2\${PROGRAM}"'
  StrCpy $0 $0 $1
  ${If} $0 == '"$2\${PROGRAM}"'
    DeleteRegValue HKCU "${RUN_KEY}" "${NAME}"
    DeleteRegValue HKCU "${APPROVED_KEY}" "${NAME}"
  ${EndIf}
FunctionEnd
