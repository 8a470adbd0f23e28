"""The desktop: tray icon, window, and the loop in which they run. Nobody else imports Qt."""
