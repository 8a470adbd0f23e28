; The installer for Windows, and its uninstaller. Read by makensis; make.py says what it is given: build.nsh (the
; version, places and sizes) and payload.nsh (the files of the bundle).
;
; Options of the installer:
;   /S           ask nothing, show nothing
;   /AUTOSTART   also start Waystation at sign-in; without it that stays as it is
;   /DOWNGRADE   also in place of a newer version
;   /D=FOLDER    where to; the last option, without quotes. An installed Waystation stays where it is
; Options of the uninstaller:
;   /S           ask nothing, show nothing. It ends at once and a copy of it goes on, which stays in %TEMP%; with the
;                last option _?=FOLDER, the folder of the program, it goes on itself, tells its exit code, and alone stays
;                behind in the folder
;   /DATA        also remove tokens, licenses, settings and history
; Exit codes of both:
;   0  done
;   1  the user has cancelled
;   2  the files could not be written, such as on a full disk
;   3  Waystation or another program uses the files, or another installation is under way
;   4  a newer version is installed
;   5  the folder cannot be used: its path is too long, nothing can be written there, or it is another program's
;   6  this Windows is too old
; Whatever is not 0 has left an installed Waystation as it was, and has started it again if it ran.

Unicode true
!include build.nsh
Target ${TARGET}
SetCompressor /SOLID lzma
RequestExecutionLevel user
ManifestDPIAware true
; The same bundle makes the same installer.
SetDateSave off

!include LogicLib.nsh
!include WinVer.nsh
!include x64.nsh
!include FileFunc.nsh
!include WordFunc.nsh

!define NAME "Waystation"
!define UNINSTALLER "uninstall.exe"
; The key under which Windows lists the program.
!define LISTED "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
; Qt 6.11 supports Windows 10 from version 1809 on: https://doc.qt.io/qt-6/windows.html
!define OLDEST_WINDOWS_BUILD 17763
; The first that runs our programs, which are for x64, on a processor of ARM's:
; https://learn.microsoft.com/windows/arm/apps-on-arm-x86-emulation
!define OLDEST_WINDOWS_BUILD_ON_ARM 22000

!define CODE_NOT_WRITTEN 2
!define CODE_IN_USE 3
!define CODE_NEWER 4
!define CODE_FOLDER 5
!define CODE_WINDOWS 6

Name "${NAME}"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
BrandingText "${NAME} ${VERSION}"

; The version that is there already; empty: none is.
Var Installed
; Whether the window ran before: then it is started again.
Var Ran
; Set where a message has been shown and the exit code is known.
Var Failed
; What the first page says.
Var Greeting

!include dialogs.nsh
!include running.nsh
!include autostart.nsh
!include replace.nsh

VIProductVersion "${VERSION}.0"
VIAddVersionKey /LANG=0 "ProductName" "${NAME}"
VIAddVersionKey /LANG=0 "ProductVersion" "${VERSION}"
VIAddVersionKey /LANG=0 "FileVersion" "${VERSION}"
VIAddVersionKey /LANG=0 "FileDescription" "${NAME} Setup"
VIAddVersionKey /LANG=0 "CompanyName" "${PUBLISHER}"
VIAddVersionKey /LANG=0 "LegalCopyright" "${COPYRIGHT}"

!ifdef SIGN
  !uninstfinalize `${SIGN} "%1"` = 0
!endif

; Say what is wrong, and end with this code.
!macro REFUSE code text
  MessageBox MB_OK|MB_ICONSTOP "${text}" /SD IDOK
  SetErrorLevel ${code}
  Quit
!macroend

; One installation or removal at a time.
!macro BE_ALONE
  System::Call 'kernel32::CreateMutexW(p 0, i 0, w "${NAME}-setup") p .r0 ?e'
  Pop $0
  ${If} $0 = 183 ; ERROR_ALREADY_EXISTS
    !insertmacro REFUSE ${CODE_IN_USE} "$(TextUnderWay)"
  ${EndIf}
!macroend

Function .onInit
  !insertmacro BE_ALONE
  ${IfNot} ${AtLeastBuild} ${OLDEST_WINDOWS_BUILD}
  ${OrIfNot} ${RunningX64}
    !insertmacro REFUSE ${CODE_WINDOWS} "$(TextWindows)"
  ${EndIf}
  ${If} ${IsNativeARM64}
  ${AndIfNot} ${AtLeastBuild} ${OLDEST_WINDOWS_BUILD_ON_ARM}
    !insertmacro REFUSE ${CODE_WINDOWS} "$(TextWindows)"
  ${EndIf}

  StrCpy $Greeting "$(TextInstall)"
  ReadRegStr $0 HKCU "${LISTED}" "InstallLocation"
  ReadRegStr $1 HKCU "${LISTED}" "DisplayVersion"
  ; Also where an upgrade was cut between its steps: the uninstaller is the last to be moved in.
  ${If} $0 != ""
  ${AndIf} ${FileExists} "$0\*.*"
    StrCpy $INSTDIR $0
    StrCpy $Installed $1
    StrCpy $Greeting "$(TextUpgrade)"
  ${EndIf}

  ${VersionCompare} "$Installed" "${VERSION}" $0
  ${GetParameters} $1
  ClearErrors
  ${GetOptions} $1 "/DOWNGRADE" $2
  ${If} ${Errors}
  ${AndIf} $Installed != ""
  ${AndIf} $0 = 1
    ${If} ${Cmd} `MessageBox MB_YESNO|MB_DEFBUTTON2|MB_ICONEXCLAMATION "$(TextDowngrade)" /SD IDNO IDNO`
      SetErrorLevel ${CODE_NEWER}
      Quit
    ${EndIf}
  ${EndIf}

  ${If} ${Silent}
    Call CheckFolder
    ${If} $0 != ""
      !insertmacro REFUSE ${CODE_FOLDER} "$0"
    ${EndIf}
  ${EndIf}
FunctionEnd

; Why $INSTDIR cannot be used, in $0; empty: it can.
Function CheckFolder
  StrCpy $0 ""
  StrLen $1 $INSTDIR
  ${If} $1 > ${LONGEST_FOLDER}
    StrCpy $0 "$(TextTooLong)"
    Return
  ${EndIf}
  ${If} $Installed == ""
    Call IsForeign
    ${If} $1 != ""
      StrCpy $0 "$(TextForeign)"
      Return
    ${EndIf}
  ${EndIf}
  ClearErrors
  CreateDirectory "$INSTDIR\_part"
  ${If} ${Errors}
    StrCpy $0 "$(TextNoFolder)"
  ${Else}
    RMDir "$INSTDIR\_part"
  ${EndIf}
  ; It is made again by the installation, if that comes.
  RMDir "$INSTDIR"
FunctionEnd

Section
  StrCpy $Failed ""
  SetOutPath "$INSTDIR"
  ClearErrors
  CreateDirectory "$INSTDIR\_part"
  ${If} ${Errors}
    Push ${CODE_FOLDER}
    Push "$(TextNoFolder)"
    Call Fail
  ${EndIf}
  Call MendCutUpgrade

  ; Before the running program is asked to end: it misses nothing if this does not succeed.
  ClearErrors
  !include payload.nsh
  WriteUninstaller "$INSTDIR\_part\${UNINSTALLER}"
  SetOutPath "$INSTDIR"
  ${If} ${Errors}
    Push ${CODE_NOT_WRITTEN}
    Push "$(TextNotWritten)"
    Call Fail
  ${EndIf}

  Call EndProgram
  ${If} $0 != ""
    Push ${CODE_IN_USE}
    Push "$(TextStillRuns)"
    Call Fail
  ${EndIf}
  Call Replace

  WriteRegStr HKCU "${LISTED}" "DisplayName" "${NAME}"
  WriteRegStr HKCU "${LISTED}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${LISTED}" "Publisher" "${PUBLISHER}"
  WriteRegStr HKCU "${LISTED}" "DisplayIcon" "$INSTDIR\${PROGRAM},0"
  WriteRegStr HKCU "${LISTED}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${LISTED}" "UninstallString" '"$INSTDIR\${UNINSTALLER}"'
  WriteRegStr HKCU "${LISTED}" "QuietUninstallString" '"$INSTDIR\${UNINSTALLER}" /S'
  WriteRegDWORD HKCU "${LISTED}" "EstimatedSize" ${SIZE_KB}
  WriteRegDWORD HKCU "${LISTED}" "NoModify" 1
  WriteRegDWORD HKCU "${LISTED}" "NoRepair" 1
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\${PROGRAM}" "" "$INSTDIR\${PROGRAM}" 0 SW_SHOWNORMAL "" \
    "$(TextShortcut)"

  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/AUTOSTART" $1
  ${IfNot} ${Errors}
    Call SetAutostart
  ${EndIf}
  Call StartAgain
SectionEnd

; From the stack: a message, and under it the exit code. What was installed stays.
Function Fail
  Pop $1
  Pop $0
  StrCpy $Failed $0
  Call StartAgain
  MessageBox MB_OK|MB_ICONSTOP "$1" /SD IDOK
  Abort
FunctionEnd

Function StartAgain
  ${If} $Ran != ""
    StrCpy $Ran ""
    Exec '"$INSTDIR\${PROGRAM}" --minimized'
  ${EndIf}
FunctionEnd

; Also where makensis' own code has found the disk full, and has said so.
Function .onInstFailed
  ; No folder that is to go may be the current one.
  SetOutPath "$TEMP"
  RMDir /r "$INSTDIR\_part"
  RMDir "$INSTDIR"
  ${If} $Failed == ""
    StrCpy $Failed ${CODE_NOT_WRITTEN}
  ${EndIf}
  SetErrorLevel $Failed
FunctionEnd

!include uninstall.nsh
