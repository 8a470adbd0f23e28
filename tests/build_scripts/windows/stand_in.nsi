; A program for Windows in place of Waystation's two. It writes what it was asked into the file `said` of the folder
; that STAND_IN names, and runs until `quit` is asked, which asks nothing of it where a file `stubborn` lies there.
Unicode true
!ifdef TARGET
  Target ${TARGET}
!endif
Name "stand-in"
OutFile "${OUTPUT}"
SilentInstall silent
RequestExecutionLevel user
!include LogicLib.nsh
!include FileFunc.nsh

Section
  ReadEnvStr $R0 STAND_IN
  ${GetParameters} $R1
  ; In one piece: others may write at the same moment.
  FileOpen $0 "$R0\said" a
  FileSeek $0 0 END
  FileWriteUTF16LE $0 "${VERSION} $EXEFILE $R1$\n"
  FileClose $0
  ${If} $R1 == "quit"
    ${If} ${FileExists} "$R0\stubborn"
      SetErrorLevel 1
    ${ElseIf} ${FileExists} "$R0\running"
      FileOpen $0 "$R0\quit" w
      FileClose $0
      ${For} $1 1 100
        ${IfNot} ${FileExists} "$R0\running"
          ${Break}
        ${EndIf}
        Sleep 100
      ${Next}
    ${EndIf}
  ${ElseIf} $R1 == ""
  ${OrIf} $R1 == "--minimized"
    FileOpen $0 "$R0\running" w
    FileClose $0
    ; A minute at most: nothing is left running if a test fails.
    ${For} $1 1 600
      ${If} ${FileExists} "$R0\quit"
        ${Break}
      ${EndIf}
      Sleep 100
    ${Next}
    Delete "$R0\running"
    Delete "$R0\quit"
  ${EndIf}
SectionEnd
